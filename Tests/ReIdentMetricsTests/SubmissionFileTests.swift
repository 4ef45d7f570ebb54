// EvalAI submissions: the real one, what is read, what is refused and how, what is written.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@Suite("EvalAI submission")
struct SubmissionFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String) throws -> LabelledDistances {
        let path = folder.file("distances.csv")
        try Data(text.utf8).write(to: URL(filePath: path))
        return try LabelledDistances.read(path)
    }

    private func values(_ distances: any DistanceRows) throws -> [Float] {
        try distances.withRows(0..<distances.queryCount) { Array($0) }
    }

    @Test(
        "a real submission has the reference's figures",
        .enabled(if: SharedData.has("synergyreid-distmat"), SharedData.reason))
    func realSubmission() throws {
        struct Expected: Decodable {
            struct Figures: Decodable {
                let shape: [Int]
                let mAP: Double
                let cmcMarket1501: [String: Double]
                let cmcAllshots: [String: Double]
            }
            let results: [String: Figures]
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(
            contentsOf: URL(
                filePath: SharedData.path("synergyreid-distmat/expected_scores.json")))
        let results = try decoder.decode(Expected.self, from: data).results
        let expected = try #require(results["test_dmat"])
        let report = try LabelledDistances.read(
            SharedData.path("synergyreid-distmat/test_dmat.csv")
        ).report()
        #expect([report.queryCount, report.galleryCount] == expected.shape)
        #expect(report.droppedQueryCount == 0)
        #expect(abs(report.meanAveragePrecision - expected.mAP) < Tolerance.publishedFigure)
        for (rank, share) in expected.cmcMarket1501 {
            let found = try #require(report.cumulativeMatching.market1501?[rank])
            #expect(abs(found - share) < Tolerance.publishedFigure)
        }
        for (rank, share) in expected.cmcAllshots {
            let found = try #require(report.cumulativeMatching.allShots?[rank])
            #expect(abs(found - share) < Tolerance.publishedFigure)
        }
    }

    @Test("numbers padded with spaces, CRLF, ids of any text and empty gallery ids are read")
    func readsVariants() throws {
        let table = try read("0,7,\"a, b\",\r\n12,   0.50000,   1.25000,-1e-3\r\nlast, 2,3,4.5\r\n")
        #expect(table.queryIdentities == ["12", "last"])
        #expect(table.galleryIdentities == ["7", "a, b", nil])
        #expect(try values(table.distances) == [0.5, 1.25, -0.001, 2, 3, 4.5])
    }

    @Test(
        "what is malformed is named by line and column",
        arguments: [
            ("0,1,2\n7,0.5,0.25\n8,0.5\n", "line 3: 1 distances"),
            ("0,1,2\n7,0.5,0.25,0.125\n", "line 2: 3 distances"),
            ("0,1,2\n7,0.5,near\n", "line 2, column 3: 'near' is not a number"),
            ("0,1,2\n7,,1\n", "line 2, column 2: '' is not a number"),
            ("0,1,2\n7,nan,1\n", "line 2, column 2: the distance is nan"),
            ("0,1,2\n7,1,inf\n", "line 2, column 3: the distance is inf"),
            ("0,1,2\n7,1,1e60\n", "line 2, column 3: the distance is 1e+60"),
            ("5,1,2\n7,1,2\n", "line 1, column 1: the first field is 5, not 0"),
            ("0,1,2\n", "there is no query"), ("0\n7\n", "gallery's ids are missing"),
            ("", "gallery's ids are missing"), ("0,1\n\"7,1\n", "quote"),
        ])
    func namesFaults(text: String, message: String) throws {
        let error = #expect(throws: MetricsError.self) { try read(text) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("distances.csv") == true)
    }

    @Test("a file that is not there is missing input, not bad data")
    func missingFile() {
        let error = #expect(throws: MetricsError.self) {
            try LabelledDistances.read(folder.file("absent.csv"))
        }
        #expect(error?.kind == .inputNotFound)
    }

    @Test("distances are written with 5 decimals, rounded as printf rounds")
    func writesFiveDecimals() throws {
        var generator = SeededGenerator(seed: 5)
        var numbers: [Float] = [
            0, 1, -1, 0.5, 0.000005, 0.000015, 1e-9, -1e-9, 3264.88867, 9.999995, 123_456.789,
            0.0078125, 3e14, -0.03125, 2.5e-5, 1e19,
        ]
        for _ in 0..<500 { numbers.append(Float(generator.uniform() * 10)) }
        let path = folder.file("out.csv")
        let ids = (0..<numbers.count).map { String?("\($0)") }
        let table = LabelledDistances(
            source: "test", distances: try distanceMatrix([numbers]), queryIdentities: ["42"],
            galleryIdentities: ids)
        try table.write(to: path)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("0,0,1,2,"))
        let written = lines[1].split(separator: ",").map(String.init)
        #expect(written[0] == "42")
        for (number, text) in zip(numbers, written.dropFirst()) {
            let expected = String(format: "%.5f", Double(number))
            #expect(text == (expected == "-0.00000" ? "0.00000" : expected))
        }
    }

    @Test("what is written reads back the same, ids with commas and quotes included")
    func roundTrip() throws {
        let table = LabelledDistances(
            source: "test", distances: try distanceMatrix([[0.5, 1, 2], [3, 0.25, 7.5]]),
            queryIdentities: ["a,b", "1"], galleryIdentities: ["say \"hi\"", nil, "007"])
        let path = folder.file("out.csv")
        try table.write(to: path)
        let back = try LabelledDistances.read(path)
        #expect(back.queryIdentities == table.queryIdentities)
        #expect(back.galleryIdentities == table.galleryIdentities)
        #expect(try values(back.distances) == values(table.distances))
    }

    @Test("an existing file stays unless forced; a distance that is not finite leaves nothing")
    func writesWholeOrNothing() throws {
        let path = folder.file("out.csv")
        let good = LabelledDistances(
            source: "test", distances: try distanceMatrix([[1]]), queryIdentities: ["1"],
            galleryIdentities: ["1"])
        try good.write(to: path)
        let exists = #expect(throws: MetricsError.self) { try good.write(to: path) }
        #expect(exists?.kind == .cannotWrite)
        try good.write(to: path, force: true)
        var bad = good
        bad.distances = try distanceMatrix([[.infinity]])
        let other = folder.file("other.csv")
        #expect(throws: MetricsError.self) { try bad.write(to: other) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.csv"])
    }
}
