// Distances in safetensors files: both forms of ids, all faults, re-ranking from a file.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@Suite("Matrix file")
struct MatrixFileTests {
    typealias Tensor = SafetensorsWriter.Tensor

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func values(_ distances: any DistanceRows) throws -> [Float] {
        try distances.withRows(0..<distances.queryCount) { Array($0) }
    }

    private func read(
        _ tensors: [Tensor], metadata: [String: String] = [:]
    ) throws -> LabelledDistances {
        let path = folder.file("\(UUID().uuidString).safetensors")
        try SafetensorsWriter.write(to: path, tensors: tensors, metadata: metadata)
        return try LabelledDistances.read(path)
    }

    private func matrix(_ name: String, _ rows: Int, _ columns: Int) -> Tensor {
        Tensor(
            name: name, shape: [rows, columns], values: (0..<rows * columns).map { Float($0) })
    }

    private func ids(_ name: String, _ values: [Int64]) -> Tensor {
        Tensor(name: name, shape: [values.count], integers: values)
    }

    @Test("all it can hold is read")
    func readsAll() throws {
        let table = try read([
            matrix("distances", 2, 3), ids("query_ids", [4, -1]), ids("gallery_ids", [4, 5, 4]),
            ids("query_cameras", [1, 1]), ids("gallery_cameras", [1, 2, 3]),
            matrix("query_distances", 2, 2), matrix("gallery_distances", 3, 3),
        ])
        #expect(try values(table.distances) == [0, 1, 2, 3, 4, 5])
        #expect(table.queryIdentities == ["4", "-1"])
        #expect(table.galleryIdentities == ["4", "5", "4"])
        #expect(table.queryCameras == ["1", "1"])
        #expect(table.galleryCameras == ["1", "2", "3"])
        #expect(try values(try #require(table.queryDistances)).count == 4)
        #expect(try values(try #require(table.galleryDistances)).count == 9)
    }

    @Test("ids of any width and ids as texts mean the same")
    func readsEveryFormOfIDs() throws {
        func bytes<Number>(_ values: [Number]) -> (SafetensorsWriter.Tensor.Sink) throws -> Void {
            { sink in try values.withUnsafeBytes { try sink($0) } }
        }
        let forms: [(ElementType, (SafetensorsWriter.Tensor.Sink) throws -> Void)] = [
            (.int32, bytes([Int32(7), 12])), (.int16, bytes([Int16(7), 12])),
            (.int8, bytes([Int8(7), 12])), (.uint8, bytes([UInt8(7), 12])),
        ]
        for (type, provide) in forms {
            let table = try read([
                matrix("distances", 1, 2), ids("query_ids", [7]),
                Tensor(name: "gallery_ids", elementType: type, shape: [2], provideBytes: provide),
            ])
            #expect(table.galleryIdentities == ["7", "12"], "\(type)")
        }
        let texts = try read(
            [matrix("distances", 1, 3)],
            metadata: ["query_ids": "[\"keeper\"]", "gallery_ids": "[7, \"keeper\", null]"])
        #expect(texts.galleryIdentities == ["7", "keeper", nil])
        #expect(try texts.report().meanAveragePrecision == 0.5)
    }

    @Test("half and double precision distances are read")
    func readsOtherPrecisions() throws {
        for type in [ElementType.float16, .float64, .bfloat16] {
            let table = try read([
                Tensor(name: "distances", shape: [1, 2], values: [0.5, 2], as: type),
                ids("query_ids", [1]), ids("gallery_ids", [1, 2]),
            ])
            #expect(try values(table.distances) == [0.5, 2])
        }
    }

    @Test("what does not fit is named")
    func namesFaults() throws {
        let distances = matrix("distances", 2, 3)
        let query = ids("query_ids", [1, 2])
        let gallery = ids("gallery_ids", [1, 2, 3])
        let cases: [([Tensor], [String: String], String)] = [
            ([query, gallery], [:], "no tensor 'distances'"),
            ([distances, gallery], [:], "there is no 'query_ids'"),
            ([distances, query], [:], "there is no 'gallery_ids'"),
            ([ids("distances", [1]), query, gallery], [:], "the shape [1]"),
            (
                [
                    Tensor(name: "distances", elementType: .int64, shape: [1, 1]) { sink in
                        try [Int64(1)].withUnsafeBytes { try sink($0) }
                    }, query, gallery,
                ], [:], "elements of type I64"
            ),
            ([distances, ids("query_ids", [1]), gallery], [:], "'query_ids' has 1 entries"),
            (
                [distances, Tensor(name: "query_ids", shape: [2], values: [1, 2]), gallery], [:],
                "'query_ids' has elements of type F32"
            ),
            ([distances, query, gallery, matrix("query_distances", 3, 3)], [:], "3 x 3"),
            ([distances, query, gallery, matrix("gallery_distances", 3, 2)], [:], "3 x 2"),
            ([distances, gallery], ["query_ids": "7, 8"], "not a JSON array"),
            ([distances, gallery], ["query_ids": "[\"a\", null]"], "'query_ids' has a null"),
        ]
        for (tensors, metadata, message) in cases {
            let error = #expect(throws: MetricsError.self) {
                try read(tensors, metadata: metadata)
            }
            #expect(error?.kind == .badData)
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
    }

    @Test("a truncated file is bad data, whatever its name")
    func truncatedFile() throws {
        let path = folder.file("whole.safetensors")
        try SafetensorsWriter.write(
            to: path,
            tensors: [
                matrix("distances", 1, 2), ids("query_ids", [1]), ids("gallery_ids", [1, 2]),
            ])
        let whole = try Data(contentsOf: URL(filePath: path))
        for name in ["cut.safetensors", "cut.bin"] {
            let cut = folder.file(name)
            try whole.prefix(whole.count - 3).write(to: URL(filePath: cut))
            let error = #expect(throws: MetricsError.self) { try LabelledDistances.read(cut) }
            #expect(error?.kind == .badData)
        }
    }

    @Test("what is written reads back the same, whole numbers as tensors, other names as texts")
    func roundTrip() throws {
        let table = LabelledDistances(
            source: "test", distances: try distanceMatrix([[0.5, 1, 2], [3, 0.25, 7.5]]),
            queryIdentities: ["1", "22"], galleryIdentities: ["007", nil, "Zoë \"Z\""],
            queryCameras: ["1", "2"], galleryCameras: ["1", "2", "left"],
            queryDistances: try distanceMatrix([[0, 1], [1, 0]]))
        let path = folder.file("out.safetensors")
        try table.write(to: path)
        let back = try LabelledDistances.read(path)
        #expect(back.queryIdentities == table.queryIdentities)
        #expect(back.galleryIdentities == table.galleryIdentities)
        #expect(back.queryCameras == table.queryCameras)
        #expect(back.galleryCameras == table.galleryCameras)
        #expect(try values(back.distances) == values(table.distances))
        #expect(try values(try #require(back.queryDistances)) == [0, 1, 1, 0])
        #expect(back.galleryDistances == nil)
        let file = try SafetensorsFile(path: path)
        #expect(file.tensors["query_ids"]?.elementType == .int64)
        #expect(file.tensors["gallery_ids"] == nil)
    }

    @Test("re-ranking a file equals re-ranking the embeddings; without its matrices it is refused")
    func reranksFile() throws {
        let item = try #require(try FixtureCases.load().reranking.first)
        let setting = try #require(item.settings.first)
        func embeddings(_ rows: [[Float]]) throws -> EmbeddingMatrix {
            try EmbeddingMatrix(
                values: rows.flatMap { $0 }, count: rows.count, dimension: rows[0].count)
        }
        let queries = try embeddings(item.queryFeatures)
        let gallery = try embeddings(item.galleryFeatures)
        var table = LabelledDistances(
            source: "test", distances: try EmbeddingDistances(queries: queries, gallery: gallery),
            queryIdentities: (0..<queries.count).map { "\($0 % 8)" },
            galleryIdentities: (0..<gallery.count).map { "\($0 % 8)" },
            queryDistances: try EmbeddingDistances(queries: queries, gallery: queries),
            galleryDistances: try EmbeddingDistances(queries: gallery, gallery: gallery))
        let path = folder.file("out.safetensors")
        try table.write(to: path)
        let reranking = try Reranking(k1: setting.k1, k2: setting.k2, lambda: setting.lambda)
        let report = try LabelledDistances.read(path).report(reranking: reranking)
        let expected = try RetrievalEvaluation().scores(
            of: distanceMatrix(setting.distances), labels: table.labels())
        let reranked = try #require(report.reranked)
        #expect(
            abs(reranked.meanAveragePrecision - expected.meanAveragePrecision) < Tolerance.figure)

        table.galleryDistances = nil
        let error = #expect(throws: MetricsError.self) { try table.report(reranking: reranking) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("no 'gallery_distances'") == true)
    }
}
