// The JSON object scripts rely on, and the table people read.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics
import Testing

@Suite("Retrieval report")
struct RetrievalReportTests {
    private func scores(cameras: Bool) throws -> RetrievalScores {
        let labels = try RetrievalLabels(
            queryIdentities: ["a", "b"], galleryIdentities: ["a", "b", "a"],
            queryCameras: cameras ? ["1", "1"] : nil,
            galleryCameras: cameras ? ["2", "1", "2"] : nil)
        return try RetrievalEvaluation().scores(
            of: DistanceMatrix(
                values: [1, 2, 3, 4, 5, 6], queryCount: 2, galleryCount: 3), labels: labels)
    }

    private func object(_ report: RetrievalReport) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report))
        return try #require(json as? [String: Any])
    }

    @Test("the JSON object has the documented keys, null without re-ranking")
    func documentedKeys() throws {
        let object = try object(RetrievalReport(scores(cameras: false)))
        #expect(
            Set(object.keys) == [
                "queries", "gallery", "dropped_queries", "mAP", "mINP", "cmc", "intervals",
                "reranked",
            ])
        #expect(object["reranked"] is NSNull)
        #expect(object["queries"] as? Int == 2)
        let cmc = try #require(object["cmc"] as? [String: [String: Double]])
        #expect(Set(cmc.keys) == ["market1501", "allshots", "cuhk03"])
        #expect(cmc["market1501"] == ["1": 0.5, "5": 1, "10": 1, "20": 1])
        let intervals = try #require(object["intervals"] as? [String: [Double]])
        #expect(
            Set(intervals.keys) == ["mAP", "mINP", "rank1", "rank5", "rank10", "rank20"])
        #expect(intervals["rank1"] == [0, 1])
    }

    @Test("re-ranked figures have their own mAP, mINP and CMC")
    func rerankedKeys() throws {
        let scores = try scores(cameras: false)
        let object = try object(RetrievalReport(scores, reranked: scores))
        let reranked = try #require(object["reranked"] as? [String: Any])
        #expect(Set(reranked.keys) == ["mAP", "mINP", "cmc"])
        #expect(reranked["mAP"] as? Double == scores.meanAveragePrecision)
    }

    @Test("dropped queries are counted, and explained in words; one player has no interval")
    func droppedInWords() throws {
        let report = try RetrievalReport(scores(cameras: true))
        #expect(report.droppedQueryCount == 1)
        #expect(report.queryCount == 2)
        #expect(report.intervals.isEmpty)
        #expect(
            report.text.contains(
                "1 query is not counted: the gallery holds no other image of the player under "
                    + "another camera."))
    }

    @Test("the table shows percent with two decimals")
    func table() throws {
        let text = try RetrievalReport(scores(cameras: false)).text
        #expect(text.contains("rank-1    50.00    0.00 to 100.00"))
    }

    @Test("a report read back from JSON is the same")
    func roundTrip() throws {
        let scores = try scores(cameras: false)
        let report = RetrievalReport(scores, reranked: scores)
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(RetrievalReport.self, from: data) == report)
    }
}
