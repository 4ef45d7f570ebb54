// A folder with what commands need: a tiny model, images of noise, data sets of them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport

/// A temporary folder that can be filled.
struct Workplace {
    private let folder: TemporaryFolder

    /// The configuration of a model that computes in no time.
    static let configuration = """
        {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": 2, "width": 32,
         "patch_size": 16, "head_width": 16}}
        """

    init() throws { folder = try TemporaryFolder() }

    var path: String { folder.path }

    func file(_ name: String) -> String { folder.file(name) }

    /// Names in the folder, hidden ones too, sorted.
    func names(in subfolder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(subfolder)").sorted()
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let url = URL(filePath: file(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// The configuration's file, for `--arch`.
    func architecture() throws -> String { try write(Self.configuration, to: "tiny.json") }

    /// A package of random weights.
    func model(_ name: String = "model", seed: UInt64 = 1) throws -> String {
        let architecture = try Architecture.resolve(architecture())
        try ModelPackage.create(architecture, seed: seed, at: file(name), force: true)
        return file(name)
    }

    /// A package of random weights with a text side; `vocabulary` nil leaves its vocabulary out.
    func textModel(
        _ name: String = "text-model", vocabulary: String? = Self.merges
    ) throws -> String {
        let configuration = """
            {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": 2, "width": 32,
             "patch_size": 16, "head_width": 16}, "text_cfg": {"context_length": 8,
             "vocab_size": 517, "width": 24, "heads": 2, "layers": 2}}
            """
        let architecture = try Architecture.resolve(write(configuration, to: "texts.json"))
        let file = try vocabulary.map { try VocabularyFile(path: write($0, to: "merges.txt")) }
        try ModelPackage.create(
            architecture, seed: 4, at: self.file(name), force: true, vocabulary: file)
        return self.file(name)
    }

    /// A vocabulary of three merges, with which a model knows 517 tokens.
    static let merges = "#version: 0.2\na b\nab c</w>\nr e\n"

    /// An image of noise, as PNG or JPEG by the name's ending; the same for the same seed.
    @discardableResult
    func image(_ name: String, seed: UInt64, width: Int = 20, height: Int = 48) throws -> String {
        var generator = SeededGenerator(seed: seed)
        let pixels = (0..<width * height * 3).map { _ in UInt8(generator.integer(below: 256)) }
        let image = Image(width: width, height: height, pixels: pixels)
        let isPNG = name.hasSuffix(".png")
        return try write(
            isPNG ? ImageEncoder.png(image) : ImageEncoder.jpeg(image, quality: 90), to: name)
    }

    /// Many names of one image, so that work on them takes its time; returns the folder.
    func links(to image: String, in folder: String, count: Int) throws -> String {
        try FileManager.default.createDirectory(
            atPath: file(folder), withIntermediateDirectories: true)
        for index in 0..<count {
            try FileManager.default.createSymbolicLink(
                atPath: file("\(folder)/\(index).png"), withDestinationPath: image)
        }
        return file(folder)
    }

    /// A pipe that nobody writes to: whoever opens it to read waits for ever.
    func pipe(_ name: String) throws -> String {
        let path = file(name)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        guard mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        return path
    }

    /// A data set of one folder a player, each with some images.
    func players(_ name: String, count: Int, images: Int = 3) throws -> String {
        for player in 0..<count {
            for index in 0..<images {
                try image(
                    "\(name)/player\(player)/\(index).png", seed: UInt64(player * 100 + index))
            }
        }
        return file(name)
    }
}
