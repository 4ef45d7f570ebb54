// Classes that are told apart by words alone: each is the mean of the embeddings of its prompts,
// and an image belongs to the class whose mean it is most like.
//
// Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021,
// section 3.1; mlfoundations/open_clip, src/open_clip/zero_shot_classifier.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles

/// A classifier made of texts, as a value: it may be kept, and holds no tensors.
public struct ZeroShotClassifier: Sendable, Equatable {
    /// Unit vectors of the classes, one behind the other, `[K, D]`.
    public let weights: [Float]
    /// Number K of classes.
    public let classCount: Int
    /// What cosine similarities are multiplied by: e to the power of the package's `logit_scale`.
    public let scale: Float
    /// Texts that were cut to the model's context.
    public let cutTexts: [String]

    /// Width D of an embedding.
    public var dimension: Int { weights.count / max(1, classCount) }

    /// Embeds the prompts of all classes and averages those of each.
    ///
    /// Runs on the engine's thread, as everything that uses an encoder does.
    /// - Parameters:
    ///   - prompts: For each class its texts, at least one.
    ///   - package: A package with a text side and its vocabulary.
    ///   - encoder: Its text encoder.
    ///   - batchSize: Texts that are computed at once.
    /// - Throws: `PackageError` if there is no vocabulary, `EngineError` if memory is exhausted, or
    ///   `CancellationError`.
    public init(
        prompts: [[String]], package: ModelPackage, encoder: TextEncoder, batchSize: Int = 64
    ) throws {
        precondition(prompts.allSatisfy { !$0.isEmpty }, "a class without prompts")
        let texts = prompts.flatMap { $0 }
        let tokens = try package.tokenizer().tokenize(texts)
        let dimension = package.configuration.embeddingDimension
        // Texts of like length go together, for a batch is as long as its longest.
        let order = tokens.indices.sorted {
            (tokens[$0].tokens.count, $0) < (tokens[$1].tokens.count, $1)
        }
        var vectors = [Float](repeating: 0, count: texts.count * dimension)
        for start in stride(from: 0, to: texts.count, by: max(1, batchSize)) {
            try Task.checkCancellation()
            let places = order[start..<min(texts.count, start + max(1, batchSize))]
            let rows = try withoutGradients {
                try encoder(TokenBatch(places.map { tokens[$0] })).converted(to: .float32)
                    .l2Normalized().floatValues()
            }
            for (row, place) in places.enumerated() {
                vectors.replaceSubrange(
                    place * dimension..<(place + 1) * dimension,
                    with: rows[row * dimension..<(row + 1) * dimension])
            }
        }
        var weights: [Float] = []
        var row = 0
        for group in prompts {
            var mean = [Double](repeating: 0, count: dimension)
            for _ in group {
                for place in 0..<dimension {
                    mean[place] += Double(vectors[row * dimension + place])
                }
                row += 1
            }
            let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
            weights += mean.map { Float($0 / max(length, 1e-12)) }
        }
        self.weights = weights
        classCount = prompts.count
        scale = try package.similarityScale()
        cutTexts = zip(texts, tokens).filter { $1.isCut }.map(\.0)
    }

    /// Logits of images, `[N, K]`: similarities to every class times the scale.
    ///
    /// - Parameter embeddings: Projected unit vectors of images, `[N, D]`, of the same package.
    /// - Returns: Row by row; their softmax over a row is the classes' probability.
    public func logits(of embeddings: [Float]) -> [Float] {
        let width = dimension
        precondition(width > 0 && embeddings.count % width == 0, "embeddings of another width")
        var logits: [Float] = []
        logits.reserveCapacity(embeddings.count / width * classCount)
        embeddings.withUnsafeBufferPointer { images in
            weights.withUnsafeBufferPointer { classes in
                for image in stride(from: 0, to: images.count, by: width) {
                    for first in stride(from: 0, to: classes.count, by: width) {
                        var sum = SIMD8<Float>.zero
                        var rest: Float = 0
                        var place = 0
                        while place + 8 <= width {
                            for lane in 0..<8 {
                                sum[lane] +=
                                    images[image + place + lane] * classes[first + place + lane]
                            }
                            place += 8
                        }
                        while place < width {
                            rest += images[image + place] * classes[first + place]
                            place += 1
                        }
                        logits.append((sum.sum() + rest) * scale)
                    }
                }
            }
        }
        return logits
    }
}

extension ModelPackage {
    /// What the package's model multiplies cosine similarities by: e to the power of its
    /// `logit_scale`, 100 in CLIP's own models.
    ///
    /// - Throws: `PackageError.file` if the tensor cannot be read.
    public func similarityScale() throws -> Float {
        guard let entry = weights.tensors["logit_scale"] else {
            return Float(exp(configuration.initialLogitScale))
        }
        let values = try weights.withBytes(of: "logit_scale") { entry.elementType.values(of: $0) }
        return Float(exp(Double(values.first ?? 0)))
    }
}
