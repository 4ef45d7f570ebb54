// CLIP's zero-shot classifier for shirt numbers: a crop's embedding against those of sentences.
//
// Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021,
// section 3.1.4: the sentences of a class are averaged as unit vectors, and the mean is a unit vector
// again.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// Turns a crop's projected embedding into similarities to 101 numbers and to no number.
public struct NumberClassifier: Sendable, Equatable {
    /// Width D of embeddings.
    public let dimension: Int
    /// CLIP's exp(logit_scale): what similarities are multiplied by.
    public let scale: Double
    /// What makes probabilities true, where the package was calibrated with these sentences.
    public let calibration: NumberCalibration?

    /// Unit vectors of the answers, `[102, D]`.
    private let classes: [Float]

    /// A classifier of embedded sentences.
    ///
    /// - Parameters:
    ///   - embeddings: `[T, D]`, unit vectors of `prompts.texts` in their order.
    ///   - prompts: The sentences.
    ///   - scale: exp(logit_scale).
    ///   - calibration: Of the package.
    public init(
        embeddings: [Float], prompts: NumberPrompts, scale: Double, calibration: NumberCalibration?
    ) {
        let count = prompts.texts.count
        dimension = embeddings.count / count
        precondition(embeddings.count == dimension * count, "a vector for each sentence")
        self.scale = scale
        self.calibration = calibration
        var classes: [Float] = []
        var first = 0
        let sizes =
            NumberPrompts.numbers.map { _ in prompts.templates.count }
            + [prompts.withoutNumber.count]
        for size in sizes {
            var mean = [Float](repeating: 0, count: dimension)
            for text in first..<first + size {
                for place in 0..<dimension { mean[place] += embeddings[text * dimension + place] }
            }
            let norm = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
            classes += mean.map { $0 / max(norm, 1e-12) }
            first += size
        }
        self.classes = classes
    }

    /// Scaled similarities to all answers, before calibration.
    ///
    /// - Parameter embedding: A unit vector of width D.
    /// - Returns: Of `NumberPrompts.numbers`, and of no number.
    public func logits(of embedding: ArraySlice<Float>) -> [Double] {
        precondition(embedding.count == dimension, "an embedding of another model")
        return embedding.withUnsafeBufferPointer { vector in
            classes.withUnsafeBufferPointer { classes in
                (0...NumberPrompts.numbers.count).map { answer in
                    var sum: Float = 0
                    for place in 0..<dimension {
                        sum += classes[answer * dimension + place] * vector[place]
                    }
                    return scale * Double(sum)
                }
            }
        }
    }
}

extension ModelPackage {
    /// exp(logit_scale): what CLIP multiplies similarities of images and texts by.
    ///
    /// - Throws: `PackageError.file` if it cannot be read.
    public func similarityScale() throws(PackageError) -> Double {
        do {
            return exp(Double(try weights.floats("logit_scale").first ?? 0))
        } catch {
            throw .file(error)
        }
    }
}
