// Crops whose players are known, embedded: what decisions are learned from and measured on.
//
// SPDX-License-Identifier: MIT

public import ReIdentData
import ReIdentFiles
import ReIdentImages
public import ReIdentMetrics

/// Embedded crops with their players and cameras.
public struct CalibrationCrops: Sendable {
    /// The crops.
    public let images: [PlayerImage]
    private let embeddings: EmbeddingMatrix
    private let origin: DecisionCalibration.Origin

    /// Those of some images that show a known player.
    public static func usable(_ images: [PlayerImage]) -> [PlayerImage] {
        images.filter { $0.isLabelled && !$0.isDistractor }
    }

    /// Embeds crops.
    ///
    /// - Parameters:
    ///   - images: At least one, each of a known player.
    ///   - encoder: The model.
    ///   - progress: Is told after every batch.
    /// - Throws: `ImageError` of the first bad image, `EngineError`, `ReIdentError.notFinite`, or
    ///   `CancellationError`.
    public init(
        _ images: [PlayerImage], by encoder: PlayerEncoder,
        progress: PlayerEncoder.Progress = { _, _ in }
    ) async throws {
        let outcome = try await encoder.embed(
            images.map { ImageSource($0.source) }, progress: progress)
        self.images = images
        embeddings = try outcome.embeddings.matrix()
        let lines = images.map { "\($0.path) \($0.identity)" }
        origin = DecisionCalibration.Origin(
            data: try MessageDigest.sha256.hexadecimal(of: lines.joined(separator: "\n")),
            model: try encoder.similarityOrigin())
    }

    private var cameras: [String?]? {
        images.contains { $0.camera != nil } ? images.map(\.camera) : nil
    }

    /// Learns decisions from the crops.
    ///
    /// - Parameters:
    ///   - prior: How probable it is that two crops show one player, between 0 and 1.
    ///   - seed: Decides everything that is left to chance.
    /// - Returns: The calibration.
    /// - Throws: `MetricsError`.
    public func calibration(
        prior: Double, seed: UInt64
    ) throws(MetricsError) -> DecisionCalibration {
        try DecisionCalibration(
            fitting: embeddings, identities: images.map(\.identity), cameras: cameras,
            prior: prior, origin: origin, seed: seed)
    }

    /// Measures what a calibration says on the crops.
    ///
    /// - Parameters:
    ///   - calibration: Learned from other players.
    ///   - seed: Decides everything that is left to chance.
    /// - Returns: The figures.
    /// - Throws: `MetricsError`.
    public func check(
        of calibration: DecisionCalibration, seed: UInt64
    ) throws(MetricsError) -> DecisionCheck {
        try DecisionCheck(
            of: calibration, on: embeddings, identities: images.map(\.identity),
            cameras: cameras, seed: seed)
    }
}
