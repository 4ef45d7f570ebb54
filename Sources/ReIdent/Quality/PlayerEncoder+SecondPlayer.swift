// Whether another player is in a crop, told from the encoder's own tokens: such crops are matched
// with the wrong one of the two.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
public import ReIdentData
import ReIdentEngine
import ReIdentImages
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
                layers: tokens,
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
    /// - Throws: As `embed(_:skipsBadImages:progress:)`.
    public nonisolated func secondPlayerCheck(
        on images: [PlayerImage], progress: Progress = { _, _ in }
    ) async throws -> SecondPlayerCheck? {
        let sources = images.map { ImageSource($0.source) }
        guard let found = try await embed(sources, progress: progress).secondPlayers else {
            return nil
        }
        let labels = images.map { ($0.others ?? 0) >= Self.leastOthers }
        return SecondPlayerCheck(
            crops: labels.count, positives: labels.count(where: \.self),
            area: TokenProbe.area(found, labels))
    }

    /// The package's probe, if it was learned with these weights and settings.
    ///
    /// - Returns: The probe, and the name of the stage whose tokens it takes.
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    nonisolated func secondPlayerProbe() throws -> (probe: TokenProbe, stage: String)? {
        let stages = package.configuration.vision.tokenStages
        guard let probe = package.settings.secondPlayer,
            probe.model == (try similarityOrigin()), stages.indices.contains(probe.layer)
        else { return nil }
        return (probe, stages[probe.layer])
    }

    /// Mean tokens of some layers, each `[N, D]`.
    private nonisolated func meanTokens(
        of sources: [ImageSource], layers: [Int], progress: Progress
    ) async throws -> [EmbeddingMatrix] {
        let stages = package.configuration.vision.tokenStages
        let loader = ImageLoader(
            preprocessing: preprocessing, side: imageSize, depth: max(16, 4 * options.batchSize))
        var values = [[Float]](repeating: [], count: layers.count)
        var done = 0
        for try await loaded in loader.batches(of: sources, size: max(1, options.batchSize)) {
            if let failure = loaded.failures.first { throw failure.error }
            let found = try await embed(loaded.batch, meanTokensOf: layers.map { stages[$0] })
            for (place, part) in found.meanTokens.enumerated() { values[place] += part }
            done += loaded.indices.count
            progress(done, sources.count)
        }
        return try values.map { values in
            try EmbeddingMatrix(
                values: values, count: done, dimension: max(1, values.count / max(1, done)))
        }
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
