// Every kind of encoder through the program: listed, created, inspected, imported, embedded with,
// trained and measured.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

/// The small models of the fixtures that are no CLIP transformers.
private enum Kind: String, CaseIterable {
    case resNet = "resnet"
    case transformer = "timm-vit"
    case convNeXt = "timm-convnext"

    var folder: String {
        SharedData.projectRoot.appending(path: "Tests/ReIdentCLIPTests/Fixtures/\(rawValue)").path
    }

    var configuration: String { "\(folder)/config.json" }
    var dimension: Int {
        switch self {
        case .resNet: 24
        case .transformer: 48
        case .convNeXt: 40
        }
    }
}

@Suite("Architectures", .serialized)
struct ArchitectureTests {
    @Test("the list has every kind, with its sizes and where its weights come from")
    func list() throws {
        let run = try reident("models", "list", "--json", environment: withoutEngine)
        let rows = try #require(
            JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
        let byName = Dictionary(
            uniqueKeysWithValues: rows.map { ($0["name"] as? String ?? "", $0) })
        for name in ["RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"] {
            let row = try #require(byName["\(name)-quickgelu"])
            #expect(row["patch_size"] is NSNull)
            #expect((row["weights"] as? [[String: Any]])?.isEmpty == false)
            #expect(byName[name] != nil)
        }
        for name in [
            "vit_base_patch16_224", "vit_large_patch16_224", "convnext_base", "convnext_large",
        ] {
            let weights = try #require(byName[name]?["weights"] as? [[String: Any]])
            #expect((weights.first?["address"] as? String)?.contains("timm/\(name)") == true)
        }
        #expect(byName["RN50"]?["image_parameters"] as? Int == 38_316_896)
        let text = try reident("models", "list", environment: withoutEngine)
        #expect(text.output.contains("RN50x64-quickgelu"))
    }

    @Test("each is created, inspected and imported without the engine", arguments: Kind.allCases)
    fileprivate func packages(kind: Kind) throws {
        let place = try Workplace()
        let made = try reident(
            "models", "create", "--arch", kind.configuration, "--seed", "4", "--out",
            place.file("new"), "--json", environment: withoutEngine)
        #expect(made.status == 0, "\(made.errors)")
        let imported = try reident(
            "models", "import", "\(kind.folder)/weights.safetensors", "--arch", kind.configuration,
            "--out", place.file("imported"), "--json", environment: withoutEngine)
        #expect(imported.status == 0, "\(imported.errors)")
        for name in ["new", "imported"] {
            let seen = try reident(
                "models", "inspect", place.file(name), "--json", environment: withoutEngine)
            #expect(seen.status == 0, "\(seen.errors)")
            let object = try seen.object()
            #expect(object["sound"] as? Bool == true)
            #expect(object["dimension"] as? Int == kind.dimension)
            #expect(object.keys.contains("patch_size"))
        }
    }

    @Test(
        "each embeds, trains and is measured", .enabled(if: Engine.isAvailable),
        arguments: Kind.allCases)
    fileprivate func use(kind: Kind) throws {
        let place = try Workplace()
        let model = place.file("model")
        try CheckpointImport(
            source: "\(kind.folder)/weights.safetensors",
            architecture: Architecture.resolve(kind.configuration)
        ).write(to: model)
        let image = try place.image("a.png", seed: 5)
        for precision in ["fp32", "bf16"] {
            let run = try reident(
                "embed", image, "--model", model, "--out", place.file("\(precision).safetensors"),
                "--precision", precision, "--json")
            #expect(run.status == 0, "\(run.errors)")
            #expect(try run.object()["dimension"] as? Int == kind.dimension)
        }
        let trained = try reident(
            "train", "\(TrainCommandTests.fixtures)/dataset", "--model", model, "--out",
            place.file("run"), "--epochs", "1", "--batch-size", "3", "--max-steps", "2",
            "--validation", "0", "--json")
        #expect(trained.status == 0, "\(trained.errors)")
        let seen = try reident("models", "inspect", place.file("run/last"))
        #expect(seen.status == 0, "\(seen.errors)")
        let measured = try reident(
            "benchmark", "--model", model, "--no-linear", "--batch-size", "2", "--json")
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(try measured.object()["gflop_per_image"] as? Double ?? 0 > 0)
    }

    @Test(
        "a ResNet's gradient checkpointing is refused before training",
        .enabled(if: Engine.isAvailable))
    func checkpointing() throws {
        let place = try Workplace()
        let model = place.file("model")
        try ModelPackage.create(
            Architecture.resolve(Kind.resNet.configuration), seed: 1, at: model)
        let run = try reident(
            "train", "\(TrainCommandTests.fixtures)/dataset", "--model", model, "--out",
            place.file("run"), "--epochs", "1", "--batch-size", "3", "--gradient-checkpointing",
            "--validation", "0")
        expectFailure(run, code: 64, saying: ["ResNet"])
        #expect(!FileManager.default.fileExists(atPath: place.file("run")))
    }
}
