// Holds a text encoder against what open_clip computed from the same weights and tokens.
// The reference's files: Tools/reference/clip_models.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

/// How far one model's text side is from its reference.
struct TextComparison: Encodable {
    /// How many texts were compared.
    var texts = 0
    /// The largest difference of a number of a unit-length embedding.
    var largestUnitDifference: Float = 0
    /// The smallest cosine of a bf16 embedding with the reference's.
    var bfloat16Cosine: Float = 1

    enum CodingKeys: String, CodingKey {
        case texts
        case largestUnitDifference = "max_unit_embedding_difference"
        case bfloat16Cosine = "cosine_bf16"
    }

    /// Compares a package's text encoder with `tokens` and `text_unit` of a folder's stages.
    @EngineActor
    static func compare(
        folder: String, package: ModelPackage, form: LayerForm
    ) throws -> TextComparison {
        let reference = try SafetensorsFile(path: "\(folder)/stages.safetensors")
        let batch = try tokens(in: reference)
        let expected = try reference.floats("text_unit")
        var result = TextComparison(texts: batch.count)
        let unit = try withoutGradients {
            try package.makeTextEncoder(form: form)(batch).l2Normalized().floatValues()
        }
        result.largestUnitDifference = largestDifference(unit, expected)
        let packed = LayerForm.packed(.bf16, rows: batch.count * batch.length)
        let half = try package.makeTextEncoder(form: packed)(batch)
            .converted(to: .float32).l2Normalized().floatValues()
        result.bfloat16Cosine = smallestCosine(half, expected, rows: batch.count)
        return result
    }

    /// The rows of a tensor `tokens`, without their padding.
    private static func tokens(in file: SafetensorsFile) throws -> TokenBatch {
        let entry = try #require(file.tensors["tokens"])
        let numbers = try file.withBytes(of: "tokens") { bytes in
            (0..<bytes.count / 8).map {
                Int32(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
            }
        }
        let length = entry.shape[1]
        return TokenBatch(
            (0..<entry.shape[0]).map { row in
                let tokens = numbers[row * length..<(row + 1) * length]
                let end = (tokens.lastIndex { $0 != 0 } ?? tokens.startIndex) + 1
                return Array(tokens[..<end])
            })
    }
}
