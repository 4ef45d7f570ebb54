// Readers of configurations: open_clip's, a package's own, and files beside a checkpoint.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFiles

extension FuzzTarget {
    /// open_clip's model configuration.
    static let configuration = FuzzTarget(
        name: "configuration",
        read: { bytes in
            let read = try CLIPConfiguration(json: Data(bytes), file: "config.json")
            precondition(read.imageSize > 0 && read.featureDimension > 0)
        },
        seeds: {
            utf8([
                tinyConfiguration,
                """
                {"model_cfg": {"embed_dim": 512, "quick_gelu": true, "vision_cfg": {"layers": 12,
                 "image_size": [224, 224], "width": 768, "patch_size": 32, "mlp_ratio": 4.0},
                 "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8,
                 "layers": 12}}, "preprocess_cfg": {"mean": [0, 0, 0]}}
                """,
            ])
        })

    /// A package's config.json beside weights that fit the seed.
    static let package = FuzzTarget(
        name: "package",
        read: { bytes in
            let folder = try PackageFolder.shared.get().replacing(
                ModelPackage.configurationFile, by: bytes)
            let opened = try ModelPackage.open(folder)
            _ = try (opened.fingerprint(), opened.inspect())
        },
        seeds: { [try PackageFolder.shared.get().configuration] })

    /// A config.json beside a checkpoint that is imported, as Hugging Face and open_clip put it.
    static let companions = FuzzTarget(
        name: "companions",
        read: { bytes in
            let folder = try Scratch.shared.folder("beside")
            let source = "\(folder)/weights.safetensors"
            let package = try PackageFolder.shared.get()
            if !FileManager.default.fileExists(atPath: source) {
                _ = try Scratch.shared.write(package.weights, to: "beside/weights.safetensors")
            }
            let names = ["config.json", "open_clip_config.json", "preprocessor_config.json"]
            for name in names {
                for other in names { unlink("\(folder)/\(other)") }
                _ = try Scratch.shared.write(bytes, to: "beside/\(name)")
                expectDiagnosis(of: name) {
                    _ = try CheckpointImport(source: source, architecture: package.architecture)
                }
            }
        },
        seeds: {
            utf8([
                """
                {"model_type": "clip", "projection_dim": 4, "logit_scale_init_value": 2.6592,
                 "vision_config": {"hidden_act": "gelu", "hidden_size": 8, "image_size": 4,
                 "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1,
                 "patch_size": 2}, "text_config": {"hidden_act": "gelu"}}
                """,
                """
                {"model_cfg": {"embed_dim": 4, "vision_cfg": {"image_size": 4, "layers": 1,
                 "width": 8, "patch_size": 2, "head_width": 4}},
                 "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.2, 0.3, 0.4]}}
                """,
                """
                {"image_mean": [0.48, 0.45, 0.4], "image_std": [0.26, 0.26, 0.27],
                 "size": {"shortest_edge": 4}, "do_rescale": true, "rescale_factor": 0.00392}
                """,
            ])
        })
}

/// A model of a few hundred numbers.
private let tinyConfiguration = """
    {"embed_dim": 4, "vision_cfg": {"image_size": 4, "layers": 1, "width": 8, "patch_size": 2,
     "head_width": 4}}
    """

/// A good package whose parts are replaced one at a time.
struct PackageFolder: Sendable {
    static let shared = Result { try PackageFolder() }

    let architecture: Architecture
    let weights: [UInt8]
    let configuration: [UInt8]

    private init() throws {
        architecture = Architecture(
            name: "tiny",
            configuration: try CLIPConfiguration(
                json: Data(tinyConfiguration.utf8), file: "tiny.json"))
        let path = "\(Scratch.shared.path)/package"
        _ = try ModelPackage.create(architecture, seed: 1, at: path, force: true)
        func contents(_ name: String) throws -> [UInt8] {
            try Array(Data(contentsOf: URL(filePath: "\(path)/\(name)")))
        }
        weights = try contents(ModelPackage.weightsFile)
        configuration = try contents(ModelPackage.configurationFile)
    }

    /// The package's folder with one file replaced and the others as they were.
    func replacing(_ name: String, by bytes: [UInt8]) throws -> String {
        for (file, original) in [
            (ModelPackage.weightsFile, weights), (ModelPackage.configurationFile, configuration),
        ] {
            _ = try Scratch.shared.write(file == name ? bytes : original, to: "package/\(file)")
        }
        return "\(Scratch.shared.path)/package"
    }
}
