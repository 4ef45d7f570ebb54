// The stored cases of the metrics tests, made by Tools/fixtures/metrics.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics

/// What Fixtures/cases.json holds.
struct FixtureCases: Decodable {
    /// Distances and labels with their figures.
    struct Evaluation: Decodable, Sendable {
        struct Expected: Decodable, Sendable {
            let dropped: [Int]
            let mAP: Double
            let mINP: Double
            let market1501: [Double]
            let allshots: [Double]
            let cuhk03: [Double]
        }

        let name: String
        let queryIdentities: [String]
        let galleryIdentities: [String?]
        let queryCameras: [String]?
        let galleryCameras: [String]?
        let distances: [[Float]]
        let expected: Expected

        func labels() throws -> RetrievalLabels {
            try RetrievalLabels(
                queryIdentities: queryIdentities, galleryIdentities: galleryIdentities,
                queryCameras: queryCameras, galleryCameras: galleryCameras)
        }
    }

    /// Embeddings with their re-ranked distances.
    struct Reranking: Decodable, Sendable {
        struct Setting: Decodable, Sendable {
            let k1: Int
            let k2: Int
            let lambda: Float
            let distances: [[Float]]
        }

        let name: String
        let queryFeatures: [[Float]]
        let galleryFeatures: [[Float]]
        let settings: [Setting]
    }

    let ranks: [Int]
    let cases: [Evaluation]
    let reranking: [Reranking]

    static func load() throws -> FixtureCases {
        let url = Bundle.module.bundleURL.appending(path: "Fixtures/cases.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(FixtureCases.self, from: Data(contentsOf: url))
    }
}

/// How far two numbers are apart; infinitely if one is not a number, so that no maximum hides it.
func difference(_ first: Float, _ second: Float) -> Float {
    let distance = abs(first - second)
    return distance.isNaN ? .infinity : distance
}

/// A matrix from rows of numbers.
func distanceMatrix(_ rows: [[Float]]) throws -> DistanceMatrix {
    try DistanceMatrix(
        values: rows.flatMap { $0 }, queryCount: rows.count, galleryCount: rows.first?.count ?? 0)
}
