// Whether another player is in a crop, told from the encoder's own tokens: such crops are matched
// with the wrong one of the two.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
public import ReIdentData
import ReIdentEngine
public import ReIdentImages
public import ReIdentMetrics

/// How well a package tells whether another player is in a picture.
public struct SecondPlayerCheck: Sendable, Equatable, Encodable {
    /// Crops it was measured on.
    public let crops: Int
    /// How many of them show another player.
    public let positives: Int
    /// Area under the ROC curve: 0.5 (nothing) to 1 (all right).
    public let area: Double

    enum CodingKeys: String, CodingKey {
        case crops, positives
        case area = "auc"
    }

    /// Figures.
    public init(crops: Int, positives: Int, area: Double) {
        (self.crops, self.positives, self.area) = (crops, positives, area)
    }
}

extension PlayerEncoder {
    /// From this share of a picture on that others cover, another player counts as being there.
    public static let leastOthers = 0.15
    /// Up to this share nobody else counts as being there; crops between are not learned from.
    public static let mostOthers = 0.03

    /// From this probability on a user is told that another player is in a picture.
    public static let surelySecondPlayer = 0.8

    /// Those of some images of which it is known whether another player is there.
    public static func knownSecondPlayers(_ images: [PlayerImage]) -> [PlayerImage] {
        images.filter { image in
            image.others.map { $0 >= leastOthers || $0 <= mostOthers } ?? false
        }
    }

    /// Learns to tell whether another player is in a picture.
    ///
    /// - Parameters:
    ///   - images: As `knownSecondPlayers` gives them.
    ///   - seed: Decides which players are left out together when layers are compared.
    ///   - progress: Is told after every batch.
    /// - Returns: What a package keeps as its `secondPlayer`.
    /// - Throws: `ImageError` of the first bad image, `EngineError`, `MetricsError` for too few
    ///   crops of either kind, or `CancellationError`.
    public nonisolated func secondPlayerProbe(
        learningFrom images: [PlayerImage], seed: UInt64, progress: Progress = { _, _ in }
    ) async throws -> TokenProbe {
        let stages = package.configuration.vision.tokenStages
        // Of many blocks some tell as much.
        let count = min(stages.count, 6)
        let layers = (0..<count).map { ($0 + 1) * stages.count / count - 1 }
        let tokens = try await meanTokens(
            of: images.map { ImageSource($0.source) }, layers: layers, progress: progress)
        let probe = try TokenProbe(
            fitting: TokenProbe.Examples(
                layers: tokens.matrices,
                labels: images.map { ($0.others ?? 0) >= Self.leastOthers },
                players: images.map(\.identity)),
            model: try similarityOrigin(), seed: seed)
        return probe.atLayer(layers[probe.layer])
    }

    /// Measures what the package's probe tells on crops of which it is known.
    ///
    /// - Parameters:
    ///   - images: As `knownSecondPlayers` gives them.
    ///   - progress: Is told after every batch.
    /// - Returns: The figures; nil if the package has no probe for this encoder.
    /// - Throws: As `secondPlayers(_:skipsBadImages:progress:)`.
    public nonisolated func secondPlayerCheck(
        on images: [PlayerImage], progress: Progress = { _, _ in }
    ) async throws -> SecondPlayerCheck? {
        let sources = images.map { ImageSource($0.source) }
        guard let found = try await secondPlayers(sources, progress: progress) else { return nil }
        let labels = images.map { ($0.others ?? 0) >= Self.leastOthers }
        return SecondPlayerCheck(
            crops: labels.count, positives: labels.count(where: \.self),
            area: TokenProbe.area(found.map { $0 ?? 0 }, labels))
    }

    /// How probable it is that each picture shows another player beside the one it is about.
    ///
    /// - Parameters:
    ///   - sources: The images.
    ///   - skipsBadImages: Whether an image that cannot be decoded gets nil; otherwise the first
    ///     ends the work.
    ///   - progress: Is told after every batch.
    /// - Returns: One for every source; nil if the package has no probe, or one that was learned
    ///   with other weights or settings.
    /// - Throws: `ImageError` of the first bad image, `EngineError`, or `CancellationError`.
    public nonisolated func secondPlayers(
        _ sources: [ImageSource], skipsBadImages: Bool = false, progress: Progress = { _, _ in }
    ) async throws -> [Double?]? {
        guard let probe = package.settings.secondPlayer, probe.model == (try similarityOrigin()),
            package.configuration.vision.tokenStages.indices.contains(probe.layer)
        else { return nil }
        let tokens = try await meanTokens(
            of: sources, layers: [probe.layer], skipsBadImages: skipsBadImages,
            progress: progress)
        guard let found = try probe.probabilities(tokens.matrices[0]) else { return nil }
        var result = [Double?](repeating: nil, count: sources.count)
        for (position, probability) in zip(tokens.positions, found) {
            result[position] = probability
        }
        return result
    }

    /// Mean tokens of some layers, each `[N, D]`, and the sources they belong to.
    private nonisolated func meanTokens(
        of sources: [ImageSource], layers: [Int], skipsBadImages: Bool = false,
        progress: Progress
    ) async throws -> (matrices: [EmbeddingMatrix], positions: [Int]) {
        let stages = package.configuration.vision.tokenStages
        let loader = ImageLoader(
            preprocessing: preprocessing, side: imageSize, depth: max(16, 4 * options.batchSize))
        var values = [[Float]](repeating: [], count: layers.count)
        var positions: [Int] = []
        var failures = 0
        for try await loaded in loader.batches(of: sources, size: max(1, options.batchSize)) {
            if let failure = loaded.failures.first, !skipsBadImages { throw failure.error }
            failures += loaded.failures.count
            let found = try await meanTokens(loaded.batch, stages: layers.map { stages[$0] })
            for (place, part) in found.enumerated() { values[place] += part }
            positions += loaded.indices
            progress(positions.count + failures, sources.count)
        }
        return (
            try values.map { values in
                try EmbeddingMatrix(
                    values: values, count: positions.count,
                    dimension: max(1, values.count / max(1, positions.count)))
            }, positions
        )
    }
}

extension TokenProbe {
    /// The same probe by the layer's number in its encoder.
    fileprivate func atLayer(_ layer: Int) -> TokenProbe {
        var probe = self
        probe.layer = layer
        return probe
    }
}
