// Distances with ids, cameras and the matrices re-ranking needs, as a safetensors file.
//
// Tensors: `distances` [Q, G], `query_ids`, `gallery_ids`; optional `query_cameras`,
// `gallery_cameras`, `query_distances` [Q, Q], `gallery_distances` [G, G]. Ids and cameras are
// whole numbers in tensors, or any text in a JSON array of the metadata under the same name.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// Reads and writes distance matrices in safetensors files.
public enum MatrixFile {
    /// Names in the file.
    enum Name {
        static let distances = "distances"
        static let queryIDs = "query_ids"
        static let galleryIDs = "gallery_ids"
        static let queryCameras = "query_cameras"
        static let galleryCameras = "gallery_cameras"
        static let queryDistances = "query_distances"
        static let galleryDistances = "gallery_distances"
    }

    /// Reads a file; matrices of 32-bit floats stay mapped.
    ///
    /// - Parameter path: The file.
    /// - Returns: All it holds. `null` among the texts of `gallery_ids` is a distractor.
    /// - Throws: `MetricsError`: `malformedMatrixFile` naming the tensor, or the file's own faults.
    public static func read(_ path: String) throws(MetricsError) -> LabelledDistances {
        let reader = try MatrixFileReader(path: path)
        let distances = try reader.matrix(Name.distances)
        guard let distances else {
            throw reader.problem(
                "there is no tensor '\(Name.distances)'",
                "It must hold the distances, one row a query, one column a gallery image.")
        }
        let (queryCount, galleryCount) = (distances.queryCount, distances.galleryCount)
        let queries = try reader.requiredNames(Name.queryIDs, count: queryCount, of: "queries")
        let gallery = try reader.requiredNames(
            Name.galleryIDs, count: galleryCount, of: "gallery images")
        return LabelledDistances(
            source: path, distances: distances,
            queryIdentities: try reader.withoutNull(queries, Name.queryIDs),
            galleryIdentities: gallery,
            queryCameras: try reader.cameras(Name.queryCameras, count: queryCount, of: "queries"),
            galleryCameras: try reader.cameras(
                Name.galleryCameras, count: galleryCount, of: "gallery images"),
            queryDistances: try reader.square(Name.queryDistances, side: queryCount),
            galleryDistances: try reader.square(Name.galleryDistances, side: galleryCount))
    }

    /// Writes a file, block by block.
    ///
    /// Ids and cameras that are whole numbers become tensors, others a JSON array of the metadata.
    ///
    /// - Parameters:
    ///   - distances: What to write; matrices that are not there are left out.
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `MetricsError` of kind `cannotWrite`, or what the distances throw. Nothing is left
    ///   behind then.
    public static func write(
        _ distances: LabelledDistances, to path: String, force: Bool = false
    ) throws(MetricsError) {
        var tensors: [SafetensorsWriter.Tensor] = []
        for (name, rows) in [
            (Name.distances, distances.distances), (Name.queryDistances, distances.queryDistances),
            (Name.galleryDistances, distances.galleryDistances),
        ] {
            if let rows { tensors.append(tensor(name, rows)) }
        }
        var metadata: [String: String] = [:]
        for (name, texts) in [
            (Name.queryIDs, distances.queryIdentities),
            (Name.galleryIDs, distances.galleryIdentities),
            (Name.queryCameras, distances.queryCameras),
            (Name.galleryCameras, distances.galleryCameras),
        ] as [(String, [String?]?)] {
            guard let texts else { continue }
            let numbers = texts.compactMap { text in
                text.flatMap { Int64($0) }.flatMap { String($0) == text ? $0 : nil }
            }
            if numbers.count == texts.count {
                tensors.append(.init(name: name, shape: [numbers.count], integers: numbers))
            } else {
                metadata[name] = try diagnosing {
                    String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
                }
            }
        }
        try diagnosing {
            try SafetensorsWriter.write(
                to: path, tensors: tensors, metadata: metadata, force: force)
        }
    }

    private static func tensor(
        _ name: String, _ rows: any DistanceRows
    ) -> SafetensorsWriter.Tensor {
        SafetensorsWriter.Tensor(
            name: name, elementType: .float32, shape: [rows.queryCount, rows.galleryCount]
        ) { sink in
            try rows.forEachBlock { (_, block) throws(MetricsError) in
                try diagnosing { try sink(UnsafeRawBufferPointer(block)) }
            }
        }
    }
}
