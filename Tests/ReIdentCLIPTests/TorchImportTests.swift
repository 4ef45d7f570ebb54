// Import of what torch writes: state dicts, training checkpoints, clip_reid's, OpenAI's archives.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Import of torch files")
struct TorchImportTests {
    private func imported(_ name: String, to folder: TemporaryFolder) throws -> ModelPackage {
        try CheckpointImport(
            source: Fixtures.path("torch/\(name)"), architecture: Fixtures.architecture("gelu")
        ).write(to: folder.file(name))
    }

    @Test(
        "a state dict and a training checkpoint give the package of the safetensors file",
        arguments: ["state.pt", "training.pt"])
    func stateDicts(name: String) throws {
        let folder = try TemporaryFolder()
        let package = try imported(name, to: folder)
        let expected = try CheckpointImport(
            source: Fixtures.path("gelu/weights.safetensors"),
            architecture: Fixtures.architecture("gelu")
        ).write(to: folder.file("expected"))
        #expect(package.settings.weightsDigest == expected.settings.weightsDigest)
        #expect(try package.fingerprint() == expected.fingerprint())
        #expect(package.settings.provenance.source?.form == .openCLIP)
    }

    @Test("a clip_reid checkpoint gives a package of the image side, without projection")
    func clipReIdent() throws {
        let folder = try TemporaryFolder()
        let package = try imported("reid.pth", to: folder)
        #expect(!package.hasTextSide)
        #expect(!package.hasProjection)
        let original = try SafetensorsFile(path: Fixtures.path("gelu/weights.safetensors"))
        for name in package.weights.names {
            #expect(try package.weights.floats(name) == original.floats(name))
        }
        let error = failure {
            _ = try CheckpointImport(
                source: Fixtures.path("torch/reid.pth"),
                architecture: Fixtures.architecture("gelu"), keepProjection: true)
        }
        #expect(error?.description.contains("visual.proj") == true)
    }

    @Test("an OpenAI archive is QuickGELU whatever the architecture says, its numbers as they are")
    func openAI() throws {
        let folder = try TemporaryFolder()
        let package = try imported("openai.pt", to: folder)
        #expect(package.configuration.activation == .quickGELU)
        #expect(package.settings.provenance.source?.form == .openAI)
        #expect(package.hasTextSide)
        let original = try SafetensorsFile(path: Fixtures.path("gelu/weights.safetensors"))
        #expect(Set(package.weights.names) == Set(original.names))
        for name in original.names {
            let half = ElementType.float16.bytes(of: try original.floats(name))
            #expect(try package.weights.bytes(of: name).withUnsafeBytes { Array($0) } == half)
        }
    }

    @Test("an architecture that has a QuickGELU form takes its name for an OpenAI archive")
    func knownName() throws {
        let plain = try Architecture.resolve("ViT-B-16")
        #expect(plain.withQuickGELU.name == "ViT-B-16-quickgelu")
        let quick = try Architecture.resolve("ViT-B-16-quickgelu")
        #expect(quick.withQuickGELU == quick)
    }

    @Test("an archive of another architecture is refused, with the name of what does not fit")
    func otherArchitecture() throws {
        for name in ["openai.pt", "state.pt"] {
            let error = failure {
                _ = try CheckpointImport(
                    source: Fixtures.path("torch/\(name)"),
                    architecture: Architecture.resolve("ViT-B-16"))
            }
            #expect(error?.kind == .badData)
            #expect(error?.description.contains("visual.conv1.weight") == true)
        }
    }
}
