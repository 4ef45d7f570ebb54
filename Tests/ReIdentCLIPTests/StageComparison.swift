// Holds an encoder against what open_clip computed from the same weights, stage by stage.
// The reference's files and stage names: Tools/reference/clip_models.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

/// How far one model is from its reference.
struct StageComparison: Encodable {
    /// One stage of the computation.
    struct Stage: Encodable {
        let stage: String
        let largestAbsolute: Float
        /// The largest difference over the largest magnitude in the reference.
        let largestRelative: Float
        let tolerance: Float

        enum CodingKeys: String, CodingKey {
            case stage, tolerance
            case largestAbsolute = "max_absolute"
            case largestRelative = "max_relative"
        }
    }

    var stages: [Stage] = []
    /// The smallest cosine of a bf16 embedding with the reference's.
    var bfloat16Cosine: Float = 1
    /// The same in 8-bit integers; 1 for encoders that have none.
    var int8Cosine: Float = 1
    /// The largest difference of a number of a unit-length embedding, features and projected.
    var largestUnitDifference: Float = 0
    /// The text side, where it was compared.
    var text: TextComparison?

    enum CodingKeys: String, CodingKey {
        case stages, text
        case bfloat16Cosine = "cosine_bf16"
        case int8Cosine = "cosine_int8"
        case largestUnitDifference = "max_unit_embedding_difference"
    }

    /// Compares the model of a folder with `weights`, `config` and `stages`; the form is that of
    /// the fp32 encoder, bf16 is always packed.
    @EngineActor
    static func compare(
        folder: String, packageFolder: String, form: LayerForm
    ) throws -> StageComparison {
        let reference = try SafetensorsFile(path: "\(folder)/stages.safetensors")
        let architecture = try Architecture.resolve("\(folder)/config.json")
        let package = try CheckpointImport(
            source: "\(folder)/weights.safetensors", architecture: architecture,
            keepProjection: !architecture.configuration.vision.isImageNet
        ).write(to: packageFolder, force: true)
        let batch = try pictures(in: reference)

        var result = StageComparison()
        let model = try package.makeEncoder(form: form)
        var found: [(String, Tensor)] = []
        let embedding = try withoutGradients {
            try model(batch, observe: { stage, value in found.append((stage, value)) })
        }
        // What is inside a block is no stage of the tables; Score-CAM's and roll-out's fixtures
        // hold it.
        for (stage, value) in found where !stage.hasPrefix("norm.") && !stage.hasPrefix("qkv.") {
            let expected = try reference.floats(stage)
            let difference = largestDifference(try value.floatValues(), expected)
            let magnitude = expected.reduce(0) { max($0, abs($1)) }
            result.stages.append(
                Stage(
                    stage: stage, largestAbsolute: difference,
                    largestRelative: difference / magnitude, tolerance: Tolerance.encoderStage))
        }
        let features = try #require(found.last { $0.0 == "features" }?.1)
        for (name, tensor) in [("features_unit", features), ("projected_unit", embedding)] {
            let difference = largestDifference(
                try tensor.l2Normalized().floatValues(), try reference.floats(name))
            result.largestUnitDifference = max(result.largestUnitDifference, difference)
        }
        func cosine(_ precision: Precision) throws -> Float {
            let encoder = try package.makeEncoder(
                form: package.packedForm(precision, batchSize: batch.count))
            let unit = try encoder(batch).converted(to: .float32).l2Normalized().floatValues()
            return smallestCosine(
                unit, try reference.floats("projected_unit"), rows: batch.count)
        }
        result.bfloat16Cosine = try cosine(.bf16)
        if case .transformer = package.configuration.vision {
            result.int8Cosine = try cosine(.int8)
        }
        return result
    }

    /// The pictures of a tensor `pixels_u8`.
    static func pictures(in file: SafetensorsFile) throws -> ImageBatch {
        let entry = try #require(file.tensors["pixels_u8"])
        let side = entry.shape[1]
        let bytes = try file.withBytes(of: "pixels_u8") { Array($0) }
        let size = side * side * 3
        return ImageBatch(
            (0..<entry.shape[0]).map { index in
                PreparedImage(side: side, pixels: Array(bytes[index * size..<(index + 1) * size]))
            })
    }
}

/// The largest difference of two numbers in the same place.
func largestDifference(_ lhs: [Float], _ rhs: [Float]) -> Float {
    guard lhs.count == rhs.count else { return .infinity }
    // A value that is no number is as far away as can be.
    return zip(lhs, rhs).reduce(0) { largest, pair in
        let difference = abs(pair.0 - pair.1)
        return difference <= largest ? largest : difference.isNaN ? .infinity : difference
    }
}

/// The smallest cosine of two rows of unit vectors.
func smallestCosine(_ lhs: [Float], _ rhs: [Float], rows: Int) -> Float {
    let width = rhs.count / rows
    return (0..<rows).map { row in
        (row * width..<(row + 1) * width).reduce(0) { $0 + lhs[$1] * rhs[$1] }
    }.min() ?? -1
}
