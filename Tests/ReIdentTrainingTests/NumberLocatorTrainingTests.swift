// Learning where numbers are, on pictures that hold nothing else.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

@Suite("Training of number locators", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct NumberLocatorTrainingTests {
    /// Bright blocks on dark noise.
    private static func crops(_ count: Int) -> NumberLocatorCrops {
        var generator = SeededGenerator(seed: 11)
        let side = NumberLocator.side
        return NumberLocatorCrops(
            crops: (0..<count).map { index in
                let (width, height) = (
                    4 + generator.integer(below: 6), 4 + generator.integer(below: 6)
                )
                let left = generator.integer(below: side - width)
                let top = generator.integer(below: side - height)
                let thumbnail = (0..<side * side * 3).map { place -> UInt8 in
                    let (row, column) = (place / 3 / side, place / 3 % side)
                    let isInside =
                        (top..<top + height).contains(row)
                        && (left..<left + width).contains(column)
                    return UInt8(generator.integer(below: 60) + (isInside ? 190 : 40))
                }
                func share(_ pixels: Int, _ size: Int) -> Double {
                    (Double(pixels) + Double(size) / 2) / Double(side)
                }
                return .init(
                    player: "\(index / 2)", thumbnail: thumbnail, width: 64, height: 64,
                    truth: NumberBox(
                        centerX: share(left, width), centerY: share(top, height),
                        width: Double(width) / Double(side), height: Double(height) / Double(side)))
            })
    }

    private static var training: NumberLocatorTraining {
        var training = NumberLocatorTraining()
        (training.epochs, training.batchSize, training.seed) = (12, 32, 3)
        return training
    }

    @Test("blocks of players it did not learn from are found, alike in every run")
    func finds() async throws {
        let crops = Self.crops(500)
        let first = try await Self.training.run(crops, dataset: "blocks")
        #expect(first.score.crops == 50 && first.crops == 450)
        #expect(first.score.shown >= 45, "\(first.score)")
        let second = try await Self.training.run(crops, dataset: "blocks")
        #expect(second.locator.layers == first.locator.layers)
    }

    @Test("too few crops are refused with their number")
    func refusesFew() async throws {
        await #expect(
            throws: TrainingError.tooFewNumberBoxes(dataset: "blocks", found: 60, needed: 100)
        ) { _ = try await Self.training.run(Self.crops(60), dataset: "blocks") }
    }

    @Test("crops without a box, and boxes outside of their picture, are refused")
    func refusesBoxes() throws {
        let folder = try TemporaryFolder()
        let picture = Image(width: 8, height: 8, pixels: [UInt8](repeating: 9, count: 192))
        try Data(ImageEncoder.png(picture)).write(to: URL(filePath: folder.file("a.png")))
        func image(_ box: FrameBox.Area?) -> PlayerImage {
            PlayerImage(
                path: "a.png", source: .file(folder.file("a.png")), identity: "1", split: .train,
                numberBox: box)
        }
        #expect(throws: TrainingError.noNumberBoxes(dataset: "here")) {
            _ = try NumberLocatorCrops([image(nil)], dataset: "here")
        }
        let inside = FrameBox.Area(left: 2, top: 2, width: 4, height: 2)
        #expect(try NumberLocatorCrops([image(inside)], dataset: "here").count == 1)
        let outside = FrameBox.Area(left: 20, top: 2, width: 4, height: 2)
        #expect(throws: TrainingError.self) {
            _ = try NumberLocatorCrops([image(outside)], dataset: "here")
        }
    }
}
