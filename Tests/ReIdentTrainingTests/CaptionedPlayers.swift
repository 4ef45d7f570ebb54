// Drawn players with captions: two colours of cloth, and words that say which.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport

/// A small data set of captioned images.
enum CaptionedPlayers {
    private static let colors: [(name: String, color: [Int])] = [
        ("red", [220, 30, 30]), ("blue", [30, 40, 220]), ("white", [240, 240, 240]),
        ("green", [20, 160, 40]), ("yellow", [235, 220, 30]), ("black", [20, 20, 20]),
    ]

    /// Writes players in every pair of so many colours, two images each, and a manifest: of three
    /// colours 9 players, 18 images, 9 captions, but none for the last `uncaptioned` images.
    ///
    /// Six are enough to learn something from.
    static func write(
        in folder: TemporaryFolder, colors count: Int = 3, uncaptioned: Int = 0
    ) throws -> String {
        let colors = colors.prefix(count)
        let root = folder.file("players")
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: false)
        var generator = SeededGenerator(seed: 5)
        var rows: [String] = []
        for (shirt, upper) in colors.enumerated() {
            for (shorts, lower) in colors.enumerated() {
                for image in 0..<2 {
                    let path = "\(shirt)\(shorts)-\(image).png"
                    var pixels: [UInt8] = []
                    for row in 0..<16 {
                        let color = row < 8 ? upper.color : lower.color
                        for _ in 0..<8 {
                            pixels += color.map {
                                UInt8(min(255, max(0, $0 + generator.integer(below: 31) - 15)))
                            }
                        }
                    }
                    try Data(ImageEncoder.png(Image(width: 8, height: 16, pixels: pixels)))
                        .write(to: URL(filePath: "\(root)/\(path)"))
                    rows.append(
                        "\(path),player\(shirt)\(shorts),,train,,"
                            + "a player in a \(upper.name) shirt and \(lower.name) shorts")
                }
            }
        }
        for row in rows.indices.suffix(uncaptioned) {
            let fields = rows[row].components(separatedBy: ",").dropLast()
            rows[row] = fields.joined(separator: ",") + ","
        }
        let manifest = ["path,identity,camera,split,role,caption"] + rows
        try (manifest.joined(separator: "\n") + "\n").write(
            toFile: "\(root)/manifest.csv", atomically: true, encoding: .utf8)
        return root
    }

    /// A transformer for images of 16 pixels, or a ResNet for 32, the least that it takes.
    static func architecture(isResNet: Bool = false) -> Architecture {
        let vision: VisionConfiguration =
            isResNet
            ? .resNet(ModifiedResNetConfiguration(imageSize: 32, layers: [1, 1, 1, 1], width: 16))
            : .transformer(
                VisionTransformerConfiguration(
                    imageSize: 16, patchSize: 4, layers: 2, width: 32, headWidth: 16))
        return Architecture(
            name: isResNet ? "tiny-resnet" : "tiny",
            configuration: CLIPConfiguration(
                embeddingDimension: 24, activation: .gelu, vision: vision,
                text: TextConfiguration(
                    contextLength: 16, vocabularySize: 600, width: 24, heads: 2, layers: 2)))
    }

    /// A package of random numbers whose vocabulary is learned from the captions.
    static func package(
        for dataset: Dataset, in folder: TemporaryFolder, isResNet: Bool = false
    ) throws -> ModelPackage {
        let vocabulary = VocabularyFile.learned(
            from: dataset.images.compactMap(\.caption), tokenCount: 600)
        var configuration = architecture(isResNet: isResNet).configuration
        configuration.text?.vocabularySize = try vocabulary.vocabulary().tokenCount
        return try ModelPackage.create(
            Architecture(name: "tiny", configuration: configuration), seed: 3,
            at: folder.file("start"), force: true, vocabulary: vocabulary)
    }
}
