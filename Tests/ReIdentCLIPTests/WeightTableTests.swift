// The table of tensors: open_clip's names and shapes; start values as open_clip draws them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Weight table")
struct WeightTableTests {
    @Test(
        "has exactly the tensors of open_clip's state dict",
        arguments: [
            "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "ViT-g-14",
            "ViT-bigG-14",
        ])
    func tensorsAreOpenClips(name: String) throws {
        let listed = try #require(
            try Fixtures.json("architectures.json").members[name]?.members["tensors"]?.elements)
        var expected: [String: [Int]] = [:]
        for row in listed {
            let pattern = try #require(row.members["name"]?.text)
            let shape = try #require(row.members["shape"]).elements.compactMap(\.whole)
            guard let blocks = row.members["blocks"]?.whole else {
                expected[pattern] = shape
                continue
            }
            for block in 0..<blocks {
                expected[pattern.replacingOccurrences(of: "{i}", with: "\(block)")] = shape
            }
        }
        let architecture = try #require(Architecture.named(name))
        let table = WeightTable(architecture.configuration)
        #expect(
            Dictionary(uniqueKeysWithValues: table.entries.map { ($0.name, $0.shape) }) == expected)
        #expect(table.entries.count == expected.count)
    }

    @Test("start values have the spread of open_clip's")
    func startValuesAreSpreadAsOpenClips() throws {
        let fixture = try Fixtures.json("initialisation.json").members
        let rows = try #require(fixture["tensors"]).elements
        let architecture = try #require(Architecture.named(fixture["architecture"]?.text ?? ""))
        let entries = Dictionary(
            uniqueKeysWithValues: WeightTable(architecture.configuration).entries.map {
                ($0.name, $0)
            })
        #expect(rows.count > 40)
        for row in rows {
            let name = try #require(row.members["name"]?.text)
            let entry = try #require(entries[name])
            #expect(row.members["count"]?.whole == entry.count)
            let expected = Spread(
                mean: try #require(row.members["mean"]?.real),
                deviation: try #require(row.members["standard_deviation"]?.real),
                largest: try #require(row.members["maximum"]?.real))
            // A part of a large tensor shows its spread as well.
            let count = min(entry.count, 40_000)
            let sample = WeightTable.Entry(
                name: entry.name, shape: [count], side: entry.side,
                initialisation: entry.initialisation)
            let spread = Spread(RandomWeights(seed: 1).values(of: sample))
            let error = expected.deviation / Double(count).squareRoot()
            let slack = Tolerance.samplingErrors * error + 1e-6 * abs(expected.mean)
            #expect(abs(spread.mean - expected.mean) <= slack, "\(name)")
            #expect(abs(spread.deviation - expected.deviation) <= slack, "\(name)")
            if case .uniform(let bound) = entry.initialisation {
                #expect(spread.largest <= bound && expected.largest <= bound * 1.000_01, "\(name)")
                #expect(spread.largest > bound * 0.98 && expected.largest > bound * 0.98, "\(name)")
            }
        }
    }

    @Test("a tensor starts alike with and without a text side")
    func startDoesNotDependOnOtherTensors() throws {
        let whole = try Fixtures.architecture("gelu")
        let folder = try TemporaryFolder()
        let first = try ModelPackage.create(whole, seed: 5, at: folder.file("whole"))
        let second = try ModelPackage.create(
            whole.withoutText, seed: 5, at: folder.file("vision"))
        for name in second.weights.names {
            #expect(try first.weights.floats(name) == second.weights.floats(name), "\(name)")
        }
    }

    @Test("normal numbers lie within one, two and three deviations as often as they should")
    func normalNumbersAreNormal() {
        let values = RandomWeights(seed: 3).values(
            of: .init(
                name: "x", shape: [100_000], side: .vision, initialisation: .normal(deviation: 1)))
        for (limit, share) in [(1, 0.682_689), (2, 0.954_500), (3, 0.997_300)] as [(Float, Double)]
        {
            let found = Double(values.count { abs($0) < limit }) / 100_000
            let error = (share * (1 - share) / 100_000).squareRoot()
            #expect(abs(found - share) < Tolerance.samplingErrors * error)
        }
    }

    @Test("the logarithm is the library's", arguments: [1e-18, 1e-9, 0.3, 0.5, 0.707, 0.99, 1, 7])
    func logarithmIsTheLibrarys(value: Double) {
        #expect(abs(portableLogarithm(value) - log(value)) <= 1e-13 * max(1, abs(log(value))))
    }
}

/// Mean, deviation and largest magnitude of some numbers.
private struct Spread {
    let mean: Double
    let deviation: Double
    let largest: Double

    init(mean: Double, deviation: Double, largest: Double) {
        self.mean = mean
        self.deviation = deviation
        self.largest = largest
    }

    init(_ values: [Float]) {
        var sum = 0.0
        var squares = 0.0
        var largest = 0.0
        for value in values {
            sum += Double(value)
            squares += Double(value) * Double(value)
            largest = max(largest, Double(abs(value)))
        }
        let mean = sum / Double(values.count)
        self.mean = mean
        deviation = max(0, squares / Double(values.count) - mean * mean).squareRoot()
        self.largest = largest
    }
}
