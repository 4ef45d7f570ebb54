// Finding numbers: boxes, what is cut out, the network against plain loops, and its file.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Number locator")
struct NumberLocatorTests {
    /// A network of random weights.
    static func random(seed: UInt64) -> NumberLocator {
        var generator = SeededGenerator(seed: seed)
        var (layers, inputs) = ([NumberLocator.Layer](), 3)
        let parts = NumberLocator.plan.map { ($0.channels, 9, $0.stride) }
        for (outputs, taps, stride) in parts + [(NumberLocator.headChannels, 1, 1)] {
            let reach = (6 / Double(inputs * taps)).squareRoot()
            func drawn(_ count: Int, _ reach: Double) -> [Float] {
                (0..<count).map { _ in Float((2 * generator.uniform() - 1) * reach) }
            }
            layers.append(
                .init(
                    weight: drawn(outputs * inputs * taps, reach), bias: drawn(outputs, 0.5),
                    inputs: inputs, stride: stride))
            inputs = outputs
        }
        return NumberLocator(layers: layers)
    }

    @Test("the part that is read is a square around the number, cut at the edges")
    func window() {
        let middle = NumberBox(centerX: 0.5, centerY: 0.25, width: 0.2, height: 0.05)
        // 0.2 of 100 columns are the longer side; half as much again is 30.
        #expect(
            middle.window(imageWidth: 100, imageHeight: 200)
                == PixelRectangle(left: 35, top: 35, width: 30, height: 30))
        let corner = NumberBox(centerX: 0, centerY: 1, width: 0.2, height: 0.05)
        #expect(
            corner.window(imageWidth: 100, imageHeight: 200)
                == PixelRectangle(left: 0, top: 185, width: 15, height: 15))
    }

    @Test(
        "a box that is outside or no number leaves a pixel",
        arguments: [-3, 7, Double.nan, .infinity, -.infinity])
    func outside(place: Double) {
        for size in [0.1, 1e300, .nan] {
            let box = NumberBox(centerX: place, centerY: place, width: size, height: size)
            let window = box.window(imageWidth: 9, imageHeight: 5)
            #expect(window.width >= 1 && window.left >= 0 && window.left + window.width <= 9)
            #expect(window.height >= 1 && window.top >= 0 && window.top + window.height <= 5)
        }
    }

    @Test("boxes are those of plain loops over the layers", arguments: [1, 2, 3])
    func matchesPlainLoops(seed: UInt64) {
        let locator = Self.random(seed: seed)
        var generator = SeededGenerator(seed: seed, stream: 9)
        let side = NumberLocator.side
        let thumbnail = (0..<side * side * 3).map { _ in UInt8(generator.integer(below: 256)) }
        var map = (0..<3).map { channel in
            (0..<side).map { row in
                (0..<side).map { column in
                    (Double(thumbnail[3 * (row * side + column) + channel]) / 255 - 0.5) / 0.25
                }
            }
        }
        for (place, layer) in locator.layers.enumerated() {
            let (size, kernel) = (map[0].count / layer.stride, place < 5 ? 3 : 1)
            map = (0..<layer.outputs).map { output in
                (0..<size).map { row in
                    (0..<size).map { column in
                        var sum = Double(layer.bias[output])
                        for input in 0..<layer.inputs {
                            for down in 0..<kernel {
                                for right in 0..<kernel {
                                    let y = row * layer.stride + down - kernel / 2
                                    let x = column * layer.stride + right - kernel / 2
                                    guard map[0].indices.contains(y), map[0].indices.contains(x)
                                    else { continue }
                                    let weight =
                                        layer.weight[
                                            ((output * layer.inputs + input) * kernel + down)
                                                * kernel + right]
                                    sum += Double(weight) * map[input][y][x]
                                }
                            }
                        }
                        return place < 5 ? max(0, sum) : sum
                    }
                }
            }
        }
        let weights = map[0].map { $0.map { exp($0) } }
        let total = weights.joined().reduce(0, +)
        func mean(_ value: (Int, Int) -> Double) -> Double {
            var sum = 0.0
            for row in 0..<8 {
                for column in 0..<8 { sum += weights[row][column] * value(row, column) }
            }
            return sum / total
        }
        let found = locator.box(onThumbnail: thumbnail)
        #expect(
            abs(found.centerX - mean { (Double($1) + 0.5) / 8 }) < Double(Tolerance.singleOperation)
                * 10)
        #expect(
            abs(found.centerY - mean { row, _ in (Double(row) + 0.5) / 8 }) < Double(
                Tolerance.singleOperation) * 10)
        #expect(
            abs(found.width / exp(mean { map[1][$0][$1] }) - 1) < Double(Tolerance.singleOperation)
                * 10)
        #expect(
            abs(found.height / exp(mean { map[2][$0][$1] }) - 1) < Double(Tolerance.singleOperation)
                * 10)
    }

    @Test("its file is read as it was written")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let locator = Self.random(seed: 4)
        try locator.write(to: folder.file("locator"))
        let read = try NumberLocator(path: folder.file("locator"))
        #expect(read.layers == locator.layers)
        #expect(try read.digest() == locator.digest())
        #expect(try Self.random(seed: 5).digest() != locator.digest())
    }

    @Test("a file with other tensors or a number that is none is refused")
    func refuses() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write(
            to: folder.file("other"),
            tensors: [.init(name: "0.weight", shape: [2], values: [1, 2])])
        let error = #expect(throws: PackageError.self) {
            _ = try NumberLocator(path: folder.file("other"))
        }
        #expect(error?.kind == .badData)
        #expect(
            error?.description.contains("'0.weight' is F32 [2], where F32 [24, 3, 3, 3]") == true)
        var layers = Self.random(seed: 6).layers
        layers[1] = .init(
            weight: layers[1].weight, bias: [Float](repeating: .nan, count: 36),
            inputs: layers[1].inputs, stride: layers[1].stride)
        try NumberLocator(layers: layers).write(to: folder.file("nan"))
        #expect(throws: PackageError.self) { _ = try NumberLocator(path: folder.file("nan")) }
    }

    @Test("scores count numbers that lie in the part that is read")
    func scores() {
        let truth = NumberBox(centerX: 0.5, centerY: 0.5, width: 0.2, height: 0.2)
        func finding(_ shift: Double) -> NumberLocatorScore.Finding {
            var found = truth
            found.centerX += shift
            return .init(truth: truth, found: found, width: 100, height: 100)
        }
        // The part is 30 wide; shifted by 5 it still shows all 20 of the number, by 10 three
        // quarters.
        let score = NumberLocatorScore([finding(0), finding(0.05), finding(0.1)])
        #expect(score.crops == 3 && score.shown == 2)
        #expect(abs(score.medianError - 0.25) < 1e-9)
    }
}
