// Which queries come on the sheets, and what is ranked beside them.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@testable import ReIdent

@Suite("Sheets of an evaluation")
struct EvaluationSheetsTests {
    private func image(
        _ name: String, _ identity: String, camera: String? = nil, isDistractor: Bool = false
    ) -> PlayerImage {
        PlayerImage(
            path: name, source: .file("/nowhere/" + name), identity: identity, camera: camera,
            split: .test, isDistractor: isDistractor)
    }

    private func embeddings(_ angles: [Double]) -> Embeddings {
        Embeddings(
            values: angles.flatMap { [Float($0), Float((1 - $0 * $0).squareRoot())] },
            dimension: 2, paths: angles.map { "\($0)" })
    }

    @Test("a ranking leaves out the query's player by its own camera, and nothing else")
    func ranking() throws {
        let retrieval = Retrieval(
            queries: [image("q", "a", camera: "1")],
            gallery: [
                image("same camera", "a", camera: "1"), image("other camera", "a", camera: "2"),
                image("other player", "b", camera: "1"),
                image("nobody", "a", camera: "2", isDistractor: true),
            ])
        let embedded = try EmbeddedRetrieval(
            retrieval: retrieval, queries: embeddings([1]),
            gallery: embeddings([1, 0.5, 0.8, 0.9]))
        let found = try embedded.ranking(ofQuery: 0, count: 10)
        #expect(found.map(\.image.path) == ["nobody", "other player", "other camera"])
        #expect(found.map(\.isRight) == [false, false, true])
        #expect(abs(found[0].similarity - 0.9) < Tolerance.unitLength)
        #expect(try embedded.ranking(ofQuery: 0, count: 1).count == 1)
    }

    @Test("best and worst queries are ordered, differ, and dropped ones are on neither")
    func choice() throws {
        let names = ["a", "b", "c", "d", "e", "f"]
        // Each player's match lies further down the gallery than the last one's; f has none.
        let retrieval = Retrieval(
            queries: names.map { image("q" + $0, $0) },
            gallery: names.dropLast().map { image("g" + $0, $0) })
        let embedded = try EmbeddedRetrieval(
            retrieval: retrieval, queries: embeddings(Array(repeating: 1, count: 6)),
            gallery: embeddings([0.9, 0.8, 0.7, 0.6, 0.5]))
        let scores = try embedded.scores()
        let few = EvaluationSheets(of: embedded, scores: scores, count: 2)
        #expect(few.best.map(\.identity) == ["a", "b"])
        #expect(few.worst.map(\.identity) == ["e", "d"])
        #expect(few.worst[0].firstMatchRank == 5)
        #expect(abs(few.worst[0].averagePrecision - 0.2) < Tolerance.figure)
        let all = EvaluationSheets(of: embedded, scores: scores)
        #expect(all.best.map(\.identity) == ["a", "b", "c"])
        #expect(all.worst.map(\.identity) == ["e", "d"])
    }

    @Test(
        "a row ends with the first right image where its beginning has none",
        arguments: [
            ([false, true, false, true], [1, 2, 3]),
            ([false, false, false, false, true], [1, 2, 5]),
            ([false, false, true, true], [1, 2, 3]), ([false, false, false, false], [1, 2, 3]),
            ([false, true], [1, 2]), ([false], [1]), ([], []),
        ])
    func firstRight(marks: [Bool], ranks: [Int]) {
        let ranking = marks.enumerated().map {
            RankedImage(image: image("\($0)", "a"), similarity: 0, isRight: $1)
        }
        let shown = EvaluationSheets.shown(of: ranking, count: 3)
        #expect(shown.map(\.rank) == ranks)
        #expect(shown.map(\.match.image.path) == ranks.map { "\($0 - 1)" })
    }

    @Test(
        "numbers are written with the digits asked for",
        arguments: [
            (0.12345, "12.3 %"), (1, "100.0 %"), (0, "0.0 %"), (0.0004, "0.0 %"),
        ])
    func percent(share: Double, text: String) {
        #expect(share.percent == text)
    }

    @Test(
        "titles tell rank and similarity",
        arguments: [
            (Float(0.98912), "3   0.989"), (-0.05, "3   -0.050"), (1, "3   1.000"),
            (-0.0001, "3   0.000"),
        ])
    func titles(similarity: Float, text: String) {
        #expect(RankedSheet.title(rank: 3, similarity) == text)
    }
}
