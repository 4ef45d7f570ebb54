// Means of distance matrices.
//
// SPDX-License-Identifier: MIT

import ReIdentMetrics
import Testing

@Suite("Distance ensemble")
struct DistanceEnsembleTests {
    private func table(
        _ rows: [[Float]], queries: [String] = ["1", "2"], gallery: [String?] = ["1", "2", nil]
    ) throws -> LabelledDistances {
        LabelledDistances(
            source: "test", distances: try distanceMatrix(rows), queryIdentities: queries,
            galleryIdentities: gallery)
    }

    @Test("every distance is the mean of the members'")
    func averages() throws {
        let mean = try LabelledDistances.mean(of: [
            table([[0, 1, 2], [3, 4, 5]]), table([[1, 1, 1], [1, 1, 1]]),
            table([[2, 4, 6], [8, 10, 12]]),
        ])
        let values = try mean.distances.withRows(0..<2) { Array($0) }
        #expect(values == [1, 2, 3, 4, 5, 6])
        #expect(mean.galleryIdentities == ["1", "2", nil])
        #expect(try mean.distances.withRows(1..<2) { Array($0) } == [4, 5, 6])
    }

    @Test("matrices about other images are refused, and the difference is named")
    func refusesMismatch() throws {
        let rows: [[Float]] = [[0, 1, 2], [3, 4, 5]]
        let first = try table(rows)
        let cases: [(LabelledDistances, String)] = [
            (try table(rows, queries: ["1", "3"]), "query 2 is of another player"),
            (try table(rows, gallery: ["1", nil, "2"]), "gallery image 2 is of another player"),
            (try table([[0, 1, 2]], queries: ["1"]), "1 queries"),
        ]
        for (other, message) in cases {
            let error = #expect(throws: MetricsError.self) {
                try LabelledDistances.mean(of: [first, other])
            }
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("matrix 2") == true)
        }
        #expect(throws: MetricsError.self) { try LabelledDistances.mean(of: []) }
    }
}
