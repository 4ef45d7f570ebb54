// `score` on files, above all on a real submission with known figures.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@Suite("Score")
struct ScoreTests {
    static let submission = "synergyreid-distmat"

    @Test(
        "gives the reference's figures for a real submission",
        .enabled(if: SharedData.has(Self.submission), SharedData.reason))
    func realSubmission() throws {
        let expected = try #require(
            try JSONSerialization.jsonObject(
                with: Data(
                    contentsOf: URL(
                        filePath: SharedData.path("\(Self.submission)/expected_scores.json"))))
                as? [String: Any])
        let results = try #require(expected["results"] as? [String: [String: Any]])
        let figures = try #require(results["test_dmat"])
        let run = try reident(
            "score", SharedData.path("\(Self.submission)/test_dmat.csv"), "--json",
            environment: withoutEngine)
        #expect(run.status == 0)
        let object = try run.object()
        let precision = try #require(object["mAP"] as? Double)
        #expect(
            abs(precision - (try #require(figures["mAP"] as? Double))) < Tolerance.publishedScore)
        let cmc = try #require(object["cmc"] as? [String: [String: Double]])
        for (name, key) in [("market1501", "cmc_market1501"), ("allshots", "cmc_allshots")] {
            let reference = try #require(figures[key] as? [String: Double])
            for (rank, share) in reference {
                let found = try #require(cmc[name]?[rank])
                #expect(abs(found - share) < Tolerance.publishedScore, "\(name) rank \(rank)")
            }
        }
        #expect(object["queries"] as? Int == 50)
        #expect(object["gallery"] as? Int == 910)
        #expect(object["dropped_queries"] as? Int == 0)
        #expect(object["reranked"] is NSNull)
        let interval = try #require((object["intervals"] as? [String: [Double]])?["mAP"])
        #expect(interval.count == 2)
        #expect(interval[0] <= precision && precision <= interval[1])
    }

    @Test("tells people about queries without a match")
    func dropped() throws {
        let place = try Workplace()
        let file = try place.write("0,1,2\n1,0.1,0.9\n3,0.2,0.3\n", to: "distances.csv")
        let run = try reident("score", file)
        #expect(run.status == 0)
        #expect(run.output.contains("1 query is not counted"))
        let object = try reident("score", file, "--json").object()
        #expect(object["dropped_queries"] as? Int == 1)
        #expect(object["mAP"] as? Double == 1)
    }

    @Test("re-ranking without the matrices it needs is bad data, and says which")
    func missingMatrices() throws {
        let place = try Workplace()
        let file = try place.write("0,1,2\n1,0.1,0.9\n", to: "distances.csv")
        expectFailure(
            try reident("score", file, "--rerank"), code: 65,
            saying: ["query_distances", "gallery_distances"])
    }

    @Test(
        "refuses files that are wrong, and says where",
        arguments: [
            ("0,1,2\n3,0.1,0.2\n", 65, "same player"), ("0,1,2\n1,0.1\n", 65, "line 2"),
            ("0,1,2\n1,0.1,x\n", 65, "line 2, column 3"), ("", 65, "distances.csv"),
        ])
    func wrongFiles(text: String, code: Int32, word: String) throws {
        let place = try Workplace()
        let file = try place.write(text, to: "distances.csv")
        expectFailure(try reident("score", file, "--json"), code: code, saying: [word])
    }

    @Test("a missing file is exit code 66")
    func missingFile() throws {
        expectFailure(
            try reident("score", "/nonexistent.csv"), code: 66, saying: ["/nonexistent.csv"])
    }
}
