// What a pilot study says of crops whose faults, copies and groups are known.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages
import Testing

@testable import ReIdent

@Suite("Pilot study")
struct PilotStudyTests {
    /// Stripes of random brightness.
    private func picture(seed: UInt64, width: Int = 32, height: Int = 64) -> Image {
        var generator = SeededGenerator(seed: seed)
        let levels = (0..<16).map { _ in UInt8(30 + generator.integer(below: 200)) }
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                let level = levels[(row * 8 / height + column * 8 / width) % 16]
                pixels += [level, level, level]
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// Unit vectors around the directions of groups, with a little noise.
    private func embeddings(_ groups: [Int]) -> Embeddings {
        var generator = SeededGenerator(seed: 9)
        var values: [Float] = []
        for group in groups {
            var vector = (0..<8).map { _ in Float(0.1 * (generator.uniform() - 0.5)) }
            vector[group] += 1
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += vector.map { $0 / length }
        }
        return Embeddings(
            values: values, dimension: 8, paths: groups.indices.map { "\($0).png" })
    }

    @Test("groups are numbered by size, and copies are left out of them")
    func groups() throws {
        // Of group 2 there are five crops, of 0 three, of 1 two and a copy of the last.
        let of = [0, 2, 2, 1, 0, 2, 2, 1, 0, 2, 1]
        let pictures = of.indices.map {
            PilotStudy.Picture(picture(seed: UInt64($0 == 10 ? 7 : $0)))
        }
        let study = try PilotStudy(
            embeddings: embeddings(of), pictures: pictures, threshold: nil)
        #expect(study.duplicates == [[7, 10]] && study.copies == 1)
        let groups = try #require(study.groups)
        #expect(groups.rows == Array(0..<10) && groups.count == 3 && !groups.isCalibrated)
        #expect(groups.labels == [1, 0, 0, 2, 1, 0, 0, 2, 1, 0])
        #expect(groups.separation > 0.8 && study.advice.isEmpty)
        // What a model says of second players is a fault like others.
        let shared = try PilotStudy(
            embeddings: embeddings(of), pictures: pictures,
            secondPlayers: of.indices.map { $0 < 2 ? 0.9 : 0.5 }, threshold: nil)
        #expect(shared.remarks(of: 1).contains(.shared) && !shared.remarks(of: 5).contains(.shared))
        #expect(shared.remarks.first { $0.remark == .shared }?.rows == [0, 1])
        #expect(shared.advice.first?.finding == "18 % of crops are showing another player, too.")
        let strict = try PilotStudy(
            embeddings: embeddings(of), pictures: pictures, threshold: 0.9999)
        #expect(strict.groups?.count == 10 && strict.groups?.isCalibrated == true)
    }

    @Test("what is wrong with many crops is said with what to do, what is rare is not")
    func advice() throws {
        // Nine are small; one is too wide.
        var pictures: [PilotStudy.Picture] = []
        for place in UInt64(0)..<20 {
            let image =
                place < 9
                ? picture(seed: place, width: 12, height: 24)
                : picture(seed: place, width: place == 9 ? 64 : 32)
            pictures.append(PilotStudy.Picture(image))
        }
        let study = try PilotStudy(
            embeddings: embeddings(pictures.indices.map { $0 % 4 }), pictures: pictures,
            threshold: nil)
        #expect(study.remarks.map(\.rows.count) == [9, 1])
        let advice = try #require(study.advice.first)
        #expect(study.advice.count == 1 && advice.finding.contains("45 %"))
        #expect(advice.finding.contains("less than 48") && advice.remedy.contains("nearer"))
        let nothing = try PilotStudy(
            embeddings: embeddings([]), pictures: [], threshold: nil)
        #expect(nothing.groups == nil && nothing.advice.isEmpty)
    }
}
