// Model packages: what opening checks, what identifies them, and that writing is all or nothing.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Model package")
struct ModelPackageTests {
    private let folder: TemporaryFolder
    private let path: String
    private let package: ModelPackage

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("package")
        package = try ModelPackage.create(Fixtures.architecture("gelu"), seed: 7, at: path)
    }

    private func rewriteConfiguration(_ change: (String) -> String) throws {
        let file = "\(path)/config.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let changed = change(text)
        #expect(changed != text, "the test changes nothing")
        try changed.write(toFile: file, atomically: true, encoding: .utf8)
    }

    private func openingFailure() -> (any DiagnosedError)? {
        failure { _ = try ModelPackage.open(path) }
    }

    @Test("the same seed gives the same bytes, another one other bytes")
    func seedDecides() throws {
        let architecture = try Fixtures.architecture("gelu")
        let same = try ModelPackage.create(architecture, seed: 7, at: folder.file("same"))
        let other = try ModelPackage.create(architecture, seed: 8, at: folder.file("other"))
        #expect(same.settings.weightsDigest == package.settings.weightsDigest)
        #expect(other.settings.weightsDigest != package.settings.weightsDigest)
        #expect(package.settings.provenance.seed == 7)
    }

    @Test("a seed means the same numbers on every machine and in every version")
    func seedIsPinned() throws {
        let normal = try package.weights.floats("visual.class_embedding").prefix(3)
        let uniform = try package.weights.floats("visual.conv1.weight").prefix(3)
        #expect(Array(normal) == [0.19938633, 0.08966255, 0.011521913])
        #expect(Array(uniform) == [-0.0029867485, -0.012694574, 0.018805765])
    }

    @Test("the largest seed is kept exactly")
    func largestSeed() throws {
        let created = try ModelPackage.create(
            Fixtures.architecture("gelu"), seed: .max, at: folder.file("largest"))
        #expect(created.settings.provenance.seed == .max)
    }

    @Test("opened, it is what was written")
    func opensAsWritten() throws {
        let opened = try ModelPackage.open(path)
        #expect(opened.configuration == package.configuration)
        #expect(opened.settings == package.settings)
        #expect(try opened.configuration == Fixtures.architecture("gelu").configuration)
        #expect(
            opened.parameterCount
                == WeightTable(opened.configuration).entries.reduce(0) {
                    $0 + $1.count
                })
    }

    @Test("config.json is also a configuration for --arch")
    func configurationIsAnArchitecture() throws {
        let resolved = try Architecture.resolve("\(path)/config.json")
        #expect(resolved.configuration == package.configuration)
    }

    @Test("settings can be changed without touching the weights")
    func settingsCanBeChanged() throws {
        let before = try package.fingerprint()
        let changed = try package.updating { settings in
            settings.numberReading = NumberCalibration(
                fitting: [.init(logits: [1, 0], answer: 0)], data: "", prompts: "")
        }
        #expect(try changed.fingerprint() == before, "a calibration changes no embedding")
        let other = try changed.updating { $0.preprocessing = .clip }
        #expect(try other.fingerprint() != before)
        #expect(try other.inspect().isSound)
    }

    @Test("a changed number is found by inspecting")
    func changedNumberIsFound() throws {
        #expect(try package.inspect().isSound)
        let file = "\(path)/model.safetensors"
        var contents = try Data(contentsOf: URL(filePath: file))
        contents[contents.count - 2] ^= 0x40
        try contents.write(to: URL(filePath: file))
        let inspection = try ModelPackage.open(path).inspect()
        #expect(!inspection.digestMatches)
        #expect(!inspection.isSound)
    }

    @Test("numbers that are not finite are named", arguments: [Float.nan, -Float.infinity])
    func numbersThatAreNotFinite(value: Float) throws {
        let tensors = try WeightTable(package.configuration).entries.map { entry in
            var values = try package.weights.floats(entry.name)
            if entry.name == "visual.ln_post.bias" { values[3] = value }
            return SafetensorsWriter.Tensor(
                name: entry.name, shape: entry.shape, values: values,
                as: entry.name.hasPrefix("visual.") ? .bfloat16 : .float16)
        }
        let written = try ModelPackage.write(
            to: folder.file("unsound"), configuration: package.configuration,
            settings: package.settings, tensors: tensors)
        let inspection = try written.inspect()
        #expect(inspection.tensorsNotFinite == ["visual.ln_post.bias"])
        #expect(inspection.digestMatches)
    }

    @Test("tensors that are not those of the configuration are not written")
    func otherTensorsAreNotWritten() throws {
        let error = failure {
            try ModelPackage.write(
                to: folder.file("wrong"), configuration: package.configuration,
                settings: package.settings,
                tensors: [.init(name: "logit_scale", shape: [], values: [1])])
        }
        #expect(error?.kind == .badData)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left == ["package"])
    }

    @Test("an existing package is replaced only by force, and a folder of other things never")
    func existingFolders() throws {
        let architecture = try Fixtures.architecture("gelu")
        let error = failure { try ModelPackage.create(architecture, seed: 9, at: path) }
        #expect(error?.kind == .cannotWrite)
        #expect(try ModelPackage.open(path).settings == package.settings)
        let replaced = try ModelPackage.create(architecture, seed: 9, at: path, force: true)
        #expect(replaced.settings.provenance.seed == 9)
        let other = failure {
            try ModelPackage.create(architecture, seed: 9, at: folder.path, force: true)
        }
        #expect(other?.kind == .cannotWrite)
        let parent = failure {
            try ModelPackage.create(architecture, seed: 9, at: folder.file("none/package"))
        }
        #expect(parent?.kind == .cannotWrite)
    }

    @Test("a path that is no package is said to be none")
    func pathsThatAreNoPackages() throws {
        let missing = failure { _ = try ModelPackage.open(folder.file("none")) }
        #expect(missing?.kind == .inputNotFound)
        let file = failure { _ = try ModelPackage.open("\(path)/config.json") }
        #expect(file?.kind == .badData)
        #expect(file?.description.contains("it is a file") == true)
        let outer = failure { _ = try ModelPackage.open(folder.path) }
        #expect(outer?.kind == .badData)
        #expect(outer?.description.contains("expected a model package") == true)
    }

    @Test(
        "a missing file of the package is named", arguments: ["config.json", "model.safetensors"])
    func missingFiles(name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        let error = openingFailure()
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'\(name)'") == true)
    }

    @Test("a newer form of package is refused as newer")
    func newerFormat() throws {
        try rewriteConfiguration {
            $0.replacingOccurrences(of: "\"format\" : 1", with: "\"format\" : 2")
        }
        #expect(openingFailure()?.description.contains("Use a newer version") == true)
    }

    @Test(
        "a setting with a value it cannot have is named",
        arguments: [
            ("\"features\"", "\"pooled\"", "'reident.embedding'"),
            ("\"letterbox\"", "1", "'reident.preprocessing'"),
            ("\"tokens\" : \"all\"", "\"token\" : \"all\"", "'reident.tokens' is missing"),
            ("\"std\"", "\"deviation\"", "'reident.std' is missing"),
        ])
    func unsuitableSettings(found: String, replacement: String, name: String) throws {
        try rewriteConfiguration { $0.replacingOccurrences(of: found, with: replacement) }
        let error = openingFailure()
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(name) == true, "\(error?.description ?? "no error")")
    }

    @Test("a configuration that contradicts the weights is a mismatch")
    func contradictingConfiguration() throws {
        try rewriteConfiguration {
            $0.replacingOccurrences(of: "\"layers\" : 2", with: "\"layers\" : 3")
        }
        let error = openingFailure()
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'visual.transformer.resblocks.2.") == true)
    }

    @Test("truncated weights are bad data")
    func truncatedWeights() throws {
        let file = "\(path)/model.safetensors"
        let contents = try Data(contentsOf: URL(filePath: file))
        try contents.prefix(contents.count - 100).write(to: URL(filePath: file))
        #expect(openingFailure()?.kind == .badData)
    }

    @Test("a configuration of impossible size is refused before memory is taken")
    func impossibleSize() throws {
        let configuration = CLIPConfiguration(
            embeddingDimension: 8, activation: .gelu,
            vision: .transformer(.init(layers: 1000, width: 1 << 20)), text: nil)
        let error = failure {
            try ModelPackage.create(
                Architecture(name: "huge", configuration: configuration), seed: 1,
                at: folder.file("huge"))
        }
        #expect(error?.kind == .badData)
    }

    @Test("trained identities are recognised and not named")
    func trainedIdentities() throws {
        let changed = try package.updating { settings in
            settings.trainedIdentities =
                (try? HashedIdentities(["player 1", "äöü", "17"])).map {
                    [$0]
                } ?? []
        }
        #expect(changed.settings.wasTrained(on: "17"))
        #expect(changed.settings.wasTrained(on: "äöü"))
        #expect(!changed.settings.wasTrained(on: "1"))
        let text = try String(contentsOfFile: "\(path)/config.json", encoding: .utf8)
        #expect(!text.contains("player 1"))
        #expect(try HashedIdentities(["a", "b"]) == HashedIdentities(["b", "a", "a"]))
    }

    @Test("crops that were trained on are recognised by fingerprints, and flat ones are not")
    func trainedCrops() throws {
        var generator = SeededGenerator(seed: 5)
        let pictures = (0..<300).map { _ in
            PictureFingerprint(horizontal: generator.next(), vertical: generator.next())
        }
        let flat = PictureFingerprint(horizontal: 3, vertical: 0)
        let changed = try package.updating { settings in
            settings.trainedCrops = [
                TrainedCrops(pictures + [flat], total: 1_000), TrainedCrops([], total: 4),
            ]
        }
        let known = try #require(changed.settings.trainedCrops.first)
        #expect(known.total == 1_000 && known.fingerprints == pictures)
        #expect(changed.settings.trainedCrops.count == 2)
        #expect(!known.containsCopy(of: flat))
        for picture in pictures {
            func changed(bits: Int) -> PictureFingerprint {
                PictureFingerprint(
                    horizontal: picture.horizontal ^ ((1 << UInt64(bits)) - 1),
                    vertical: picture.vertical)
            }
            #expect(known.containsCopy(of: changed(bits: 8)))
            #expect(!known.containsCopy(of: changed(bits: 9)))
        }
        let path = "\(path)/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let damaged = text.replacing("\"fingerprints\" : \"", with: "\"fingerprints\" : \"AAAA")
        #expect(damaged != text)
        try damaged.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: PackageError.self) { try ModelPackage.open(self.path) }
    }
}
