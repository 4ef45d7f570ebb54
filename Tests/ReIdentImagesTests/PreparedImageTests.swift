// Normalisation, batches and mirroring of prepared images.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Prepared images")
struct PreparedImageTests {
    @Test(
        "CLIP preprocessing and normalisation give the published tensors bit for bit",
        .enabled(if: SharedData.has("clip-retrieval-golden"), SharedData.reason))
    func matchesPublishedTensors() throws {
        let folder = SharedData.path("clip-retrieval-golden")
        let names = try JSONDecoder().decode(
            [String].self, from: Data(contentsOf: URL(filePath: "\(folder)/names.json")))
        let stored = try floats(ofArrayFile: "\(folder)/preprocessed_f32.npy")
        let count = 3 * 224 * 224
        #expect(names.count == 7 && stored.count == 7 * count)
        for (index, name) in names.enumerated() {
            let path = "clip-retrieval-golden/tests/test_clip_inference/test_images/\(name)"
            let image = try source(path.hasSuffix(".jpg") ? path : path + ".jpg").decoded()
            let prepared = Preprocessing.clip.prepare(image, side: 224)
            let ours = PixelNormalization.clip.values(of: prepared)
            let different = zip(ours, stored[index * count..<(index + 1) * count])
                .count { $0 != $1 }
            #expect(different == 0, "\(name)")
        }
    }

    @Test("padding is normalised like a black pixel")
    func normalisesPadding() {
        let prepared = Letterbox(side: 8).apply(pattern(width: 2, height: 8))
        let values = PixelNormalization.imageNet.values(of: prepared)
        let black = (0 - Float(0.485)) / Float(0.229)
        #expect(values[0] == black)
        #expect(values.count == 3 * 64)
    }

    @Test("a batch's values are its images' values, one after the other")
    func batchValuesMatchImages() {
        let images = [(5, 9), (9, 5), (7, 7)].map { width, height in
            Letterbox(side: 12).apply(pattern(width: width, height: height))
        }
        let batch = ImageBatch(images)
        let normalization = PixelNormalization.clip
        #expect(
            normalization.values(of: batch) == images.flatMap { normalization.values(of: $0) })
        #expect((0..<3).map { batch[$0] } == images)
        #expect(batch.joined(with: batch).count == 6)
    }

    @Test("mirroring twice gives the image back, and its content moves along", arguments: [6, 9])
    func mirrorsTwice(width: Int) {
        let prepared = Letterbox(side: 32).apply(pattern(width: width, height: 31))
        let mirrored = prepared.flippedHorizontally()
        #expect(mirrored != prepared)
        #expect(mirrored.content.left == 32 - prepared.content.left - prepared.content.width)
        #expect(mirrored.flippedHorizontally() == prepared)
        let batch = ImageBatch([prepared, mirrored]).flippedHorizontally()
        #expect(batch == ImageBatch([mirrored, prepared]))
    }
}

/// The fp32 values of a NumPy array file, version 1.
private func floats(ofArrayFile path: String) throws -> [Float] {
    let data = try Data(contentsOf: URL(filePath: path))
    let header = 10 + Int(data[8]) + Int(data[9]) << 8
    return data[header...].withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
}
