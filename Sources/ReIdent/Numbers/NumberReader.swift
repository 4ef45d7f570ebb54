// Reading shirt numbers as applications do it: images in, numbers and how sure they are out.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentCLIP
public import ReIdentImages

/// What is looked at of a crop.
public enum NumberView: String, Sendable, CaseIterable {
    /// What the package's locator finds; without one the rows in which shirts have their number,
    /// where a crop is so tall that it shows a player.
    case auto
    /// These rows of every crop that may show a player: all of them do.
    case shirt
    /// All of it: crops show numbers alone.
    case whole

    /// It with what it cuts out.
    func words(_ locator: NumberLocator?) throws(PackageError) -> String {
        switch self {
        case .auto where locator != nil: "\(rawValue): \(try locator?.digest() ?? "")"
        case .auto, .shirt: "\(rawValue): \(Image.shirtViewName)"
        case .whole: rawValue
        }
    }

    /// What is looked at of one picture.
    ///
    /// - Parameters:
    ///   - image: The crop.
    ///   - locator: What finds the number where the view is `auto`, if there is one.
    /// - Returns: A part of the crop, or all of it.
    public func part(of image: Image, _ locator: NumberLocator?) -> Image {
        switch self {
        case .auto: locator?.view(of: image) ?? image.shirtView(leastAspect: Image.tallAspect)
        case .shirt: image.shirtView(leastAspect: Image.playerAspect)
        case .whole: image
        }
    }
}

/// Reads shirt numbers with a package that has a text side, without having been trained to.
public struct NumberReader: Sendable {
    /// What became of a list of images.
    public struct Outcome: Sendable {
        /// For each good image the scaled similarities to all answers, before calibration.
        public let logits: [[Double]]
        /// For each good image the probabilities of all answers.
        public let probabilities: [[Double]]
        /// For each good image, the position of its source.
        public let positions: [Int]
        /// The images that were left out, and why.
        public let failures: [LoadedBatch.Failure]
    }

    /// What images are compared with: the classes of `prompts`.
    public let classifier: ZeroShotClassifier
    /// What makes probabilities true, where the package was calibrated with these sentences.
    public let calibration: NumberCalibration?
    /// The sentences.
    public let prompts: NumberPrompts
    /// What is looked at of a crop.
    public let view: NumberView
    /// What finds the number where `view` is `auto`, if the package has it.
    public let locator: NumberLocator?
    private let encoder: PlayerEncoder

    /// The package, with the projected embedding.
    public var package: ModelPackage { encoder.package }

    /// Brings a package to the device and embeds the sentences.
    ///
    /// - Parameters:
    ///   - package: A package with a text side, its vocabulary and its projection.
    ///   - prompts: The sentences; nil takes the package's.
    ///   - view: What is looked at of a crop.
    ///   - options: How to embed images; they are not mirrored.
    /// - Returns: A reader that is ready.
    /// - Throws: `PackageError`: `noTextSide`, `vocabularyMissing`, `projectionMissing` or
    ///   `invalidPrompts`; `EngineError` if the engine or the device is missing; `ReIdentError`.
    public static func open(
        _ package: ModelPackage, prompts: NumberPrompts? = nil, view: NumberView = .auto,
        options: PlayerEncoder.Options = .init()
    ) async throws -> NumberReader {
        let prompts = try prompts ?? package.numberPrompts()
        guard package.hasTextSide else { throw PackageError.noTextSide(package: package.path) }
        // The attention pool of a ResNet contains the projection, so its features are projected.
        let isProjected = package.configuration.vision.includesProjection
        let projected = isProjected ? package : try package.selecting(.projected)
        var textOptions = TextEmbedder.Options()
        textOptions.device = options.device
        let texts = try await TextEmbedder.open(projected, options: textOptions)
        let classifier = try await texts.classifier(of: prompts.classes)
        var options = options
        options.averagesFlip = false
        let encoder = try await PlayerEncoder.open(projected, options: options)
        let calibration = package.settings.numberReading
        let locator = view == .auto ? try package.numberLocator() : nil
        let digest = try prompts.digest(lookingAt: try view.words(locator))
        return NumberReader(
            classifier: classifier,
            calibration: calibration?.prompts == digest ? calibration : nil, prompts: prompts,
            view: view, locator: locator, encoder: encoder)
    }

    /// A digest of what a calibration holds for: the sentences, and what is looked at.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public func settingsDigest() throws -> String {
        try prompts.digest(lookingAt: try view.words(locator))
    }

    /// Reads the numbers of images.
    ///
    /// - Parameters:
    ///   - sources: The images.
    ///   - skipsBadImages: Whether an image that cannot be decoded is left out; otherwise the first
    ///     ends the work.
    ///   - progress: Is told after every batch.
    /// - Returns: Probabilities for every good image.
    /// - Throws: As `PlayerEncoder.embed(_:skipsBadImages:progress:)`.
    public func read(
        _ sources: [ImageSource], skipsBadImages: Bool = false,
        progress: PlayerEncoder.Progress = { _, _ in }
    ) async throws -> Outcome {
        let (view, locator) = (view, locator)
        let seen = sources.map { source in
            source.changed { (image) throws(ImageError) in view.part(of: image, locator) }
        }
        let embedded = try await encoder.embed(
            seen, skipsBadImages: skipsBadImages, progress: progress)
        let width = classifier.classCount
        let all = classifier.logits(of: embedded.embeddings.values)
        let logits = stride(from: 0, to: all.count, by: width).map { row in
            all[row..<row + width].map(Double.init)
        }
        return Outcome(
            logits: logits,
            probabilities: logits.map { NumberCalibration.probabilities(of: $0, calibration) },
            positions: embedded.positions, failures: embedded.failures)
    }
}
