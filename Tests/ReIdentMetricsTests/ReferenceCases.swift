// Outputs of the reference implementation, read from the real data beside the project.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport

/// What golden-metrics/reid_metrics_cases.json holds.
struct ReferenceCases: Decodable {
    struct Case: Decodable {
        let name: String
        let queryIds: [Int]
        let galleryIds: [Int]
        let queryCams: [Int]
        let galleryCams: [Int]
        let dist: [[Float]]
        let mAP: Double
        let cmcMarket1501: [Double]
        let cmcAllshots: [Double]
        let queryFeatures: [[Float]]?
        let galleryFeatures: [[Float]]?
        let distQq: [[Float]]?
        let distGg: [[Float]]?
        let rerank: [Reranked]?
    }

    struct Reranked: Decodable {
        let k1: Int
        let k2: Int
        let lambdaValue: Float
        let dist: [[Float]]
        let mAP: Double
        let rank1: Double
    }

    let cases: [Case]

    static let folder = "golden-metrics"

    static func load() throws -> ReferenceCases {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let path = SharedData.path("\(folder)/reid_metrics_cases.json")
        return try decoder.decode(
            ReferenceCases.self, from: Data(contentsOf: URL(filePath: path)))
    }
}
