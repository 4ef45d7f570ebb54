// One pair of crops, explained in every way that is compared.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages
import ReIdentSaliency

/// Two crops of one player.
struct ExplainedPair: Sendable {
    /// What parts of a crop masks tell apart, in the order in which they cover one another.
    enum Part: Int, CaseIterable {
        case background, body, shirt, number

        var name: String { "\(self)" }
    }

    let query: PlayerImage
    let gallery: PlayerImage
    /// Where the query's masks lie, without `_number.png`; nil where there are none.
    let masks: String?

    /// Pairs of a query and the first gallery image of its player, by another camera where cameras
    /// are known.
    ///
    /// - Parameters:
    ///   - retrieval: Where they come from.
    ///   - root: The data set's folder, which may hold `masks/`.
    ///   - count: How many at most, spread evenly over the queries.
    /// - Returns: The pairs in the order of the queries.
    static func chosen(
        from retrieval: Retrieval, masks root: String, atMost count: Int
    ) -> [ExplainedPair] {
        let gallery = Dictionary(grouping: retrieval.gallery, by: \.identity)
        let pairs = retrieval.queries.compactMap { query -> ExplainedPair? in
            let match = gallery[query.identity]?.first {
                $0.path != query.path && ($0.camera == nil || $0.camera != query.camera)
            }
            guard let match, query.isLabelled else { return nil }
            let stem = "\(root)/masks/" + query.path.prefix { $0 != "." }
            let hasMasks = FileManager.default.fileExists(atPath: "\(stem)_body.png")
            return ExplainedPair(query: query, gallery: match, masks: hasMasks ? stem : nil)
        }
        let kept = min(count, pairs.count)
        return (0..<kept).map { pairs[$0 * pairs.count / kept] }
    }

    /// For each pixel of the query its part; nil where there are no masks.
    ///
    /// - Throws: `ImageError` if a mask cannot be read or has another size than the crop.
    func parts(of image: Image) throws -> [Int]? {
        guard let masks else { return nil }
        var parts = [Int](repeating: 0, count: image.width * image.height)
        for part in Part.allCases.dropFirst() {
            let mask = try ImageSource(path: "\(masks)_\(part.name).png").decoded()
            guard mask.width == image.width, mask.height == image.height else { return nil }
            for pixel in parts.indices where mask.pixels[3 * pixel] > 127 {
                parts[pixel] = part.rawValue
            }
        }
        return parts
    }
}

/// Explains pairs in every way that is compared.
@EngineActor
final class ExplanationTrial {
    /// What is compared.
    enum Way: String, Sendable, CaseIterable, Encodable {
        case plain, grouped, random, centre, rollout

        var title: String {
            switch self {
            case .plain: "Score-CAM"
            case .grouped: "Score-CAM, reduced"
            case .random: "at random"
            case .centre: "boxes around the middle"
            case .rollout: "attention roll-out"
            }
        }
    }

    /// What was found of one pair.
    struct Outcome: Sendable {
        let player: String
        let similarity: Float
        let curves: [Way: Faithfulness]
        /// Rank correlation of the grouped with the plain map.
        let fidelity: Double?
        /// Shares of the plain map's mass and of the crop's area, by `ExplainedPair.Part`.
        let shares: (mass: [Double], area: [Double])?
        /// Seconds of a map.
        let seconds: [Way: Double]
        /// Passes of a map.
        let passes: [Way: Int]
    }

    private let plain: ScoreCAM
    private let grouped: ScoreCAM?
    private let package: ModelPackage

    /// Brings a package to the device, for plain and for reduced maps.
    ///
    /// - Parameters:
    ///   - package: The model.
    ///   - options: How plain maps are computed.
    ///   - reduced: How reduced maps are; nil for none.
    /// - Throws: What `ScoreCAM.init` throws.
    init(
        _ package: ModelPackage, options: ScoreCAM.Options, reduced: ScoreCAM.Options?
    ) throws {
        self.package = package
        plain = try ScoreCAM(package, options: options)
        grouped = try reduced.map { try ScoreCAM(package, options: $0) }
    }

    /// A picture where the model looks at it.
    private func prepared(_ image: Image) -> PreparedImage {
        let side = package.configuration.imageSize
        return package.placed(package.settings.preprocessing.prepare(image, side: side))
    }

    /// Explains the first crop of a pair and measures the maps.
    ///
    /// - Throws: `ImageError`, `EngineError`, `CancellationError`.
    func outcome(of pair: ExplainedPair, seed: UInt64) async throws -> Outcome {
        let image = try ImageSource(pair.query.source).decoded()
        let query = prepared(image)
        let gallery = prepared(try ImageSource(pair.gallery.source).decoded())
        let clock = ContinuousClock()
        var maps: [Way: SaliencyMap] = [:]
        var seconds: [Way: Double] = [:]
        var passes: [Way: Int] = [:]
        for (way, explainer) in [(Way.plain, plain), (.grouped, grouped)] {
            guard let explainer else { continue }
            let start = clock.now
            let found = try await explainer.map(of: query, towards: gallery)
            seconds[way] = start.duration(to: clock.now).seconds
            (maps[way], passes[way]) = (found.map, found.passes)
        }
        guard let shown = maps[.plain] else { preconditionFailure("the plain map is missing") }
        maps[.random] = .random(side: shown.rows, seed: seed)
        maps[.centre] = .centre(side: shown.rows, of: query)
        maps[.rollout] = try plain.rollout(of: query)
        var curves: [Way: Faithfulness] = [:]
        for (way, map) in maps {
            curves[way] = try plain.faithfulness(of: map, on: query, towards: gallery, seed: seed)
        }
        let shares = try pair.parts(of: image).map {
            shown.shares(
                of: $0, count: ExplainedPair.Part.allCases.count, width: image.width, in: query)
        }
        return Outcome(
            player: pair.query.identity, similarity: curves[.plain]?.deletion.first ?? 0,
            curves: curves,
            fidelity: maps[.grouped].flatMap { shown.rankCorrelation(with: $0, on: query) },
            shares: shares, seconds: seconds, passes: passes)
    }
}
