// The catalogue of weights fits together, and agrees with what open_clip and timm say of the same
// weights (Fixtures/published.json, written by Tools/fixtures/published.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Published weights")
struct PublishedWeightsTests {
    @Test("every name and alias leads to its own entry")
    func names() throws {
        for weights in PublishedWeights.known {
            for name in [weights.name] + weights.aliases {
                #expect(try PublishedWeights.named(name) == weights, "\(name)")
            }
        }
    }

    @Test("no two entries share a name, a file, an address or a checksum")
    func duplicates() {
        let known = PublishedWeights.known
        // Where a file system does not tell case apart, two downloads must not meet either.
        let files = known.map { $0.fileName.lowercased() }
        #expect(Set(files).count == known.count)
        #expect(Set(known.map(\.address)).count == known.count)
        let names = known.flatMap { [$0.name] + $0.aliases }.map { $0.lowercased() }
        #expect(Set(names).count == names.count)
        let digests = known.compactMap(\.digest?.hexadecimal)
        #expect(Set(digests).count == digests.count)
        #expect(digests.count == 9, "OpenAI published nine archives")
    }

    @Test("addresses are whole, and file names can be written anywhere")
    func addresses() throws {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
        for weights in PublishedWeights.known {
            for text in [weights.address, weights.page] {
                let url = try #require(URLComponents(string: text), "\(text)")
                #expect(url.scheme == "https" && url.host?.contains(".") == true, "\(text)")
                #expect(!url.path.contains("//") && url.path.count > 1, "\(text)")
            }
            #expect(weights.fileName.allSatisfy(plain.contains), "\(weights.fileName)")
            let ending = weights.fileName.split(separator: ".").last
            #expect(["pt", "safetensors", "zip"].contains(ending), "\(weights.fileName)")
        }
    }

    @Test("open_clip and timm know each name, under the same address, activation and pixels")
    func libraries() throws {
        let library = try #require(try Fixtures.json("published.json").members["weights"]).members
        let named = PublishedWeights.known.filter { $0.name.contains(":") }
        for weights in named {
            let entry = try #require(library[weights.name], "\(weights.name)").members
            let repository = try #require(entry["repository"]?.text)
            #expect(
                weights.address.hasPrefix(
                    "https://huggingface.co/\(repository)/resolve/main/"), "\(weights.name)")
            #expect(weights.aliases == [repository])
            #expect(weights.page == "https://huggingface.co/\(repository)")
            let architecture = try #require(weights.architecture.flatMap(Architecture.named))
            let isQuick = architecture.configuration.activation == .quickGELU
            #expect(entry["quick_gelu"] == .boolean(isQuick), "\(weights.name)")
            let pixels =
                weights.normalization.map(PixelNormalization.init)
                ?? architecture.configuration.vision.standardNormalization
            #expect(
                entry["mean"]?.elements.compactMap(\.real) == pixels.mean, "\(weights.name)")
            #expect(
                entry["std"]?.elements.compactMap(\.real) == pixels.standardDeviation,
                "\(weights.name)")
        }
        for model in ["RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B-16", "ViT-L-14"] {
            #expect(named.contains { $0.name == "\(model):openai" }, "\(model)")
        }
        for model in [
            "vit_base_patch16_224", "vit_large_patch16_224", "convnext_base", "convnext_large",
        ] {
            #expect(named.contains { $0.name.hasPrefix("\(model):") }, "\(model)")
        }
        // OpenAI's own files: the address with the checksum is open_clip's, too.
        let archives = library.values.compactMap { $0.members["archive"]?.text }
        let own = PublishedWeights.known.filter { $0.digest != nil }.map(\.address)
        #expect(Set(archives) == Set(own))
    }

    @Test(
        "a file with the library's tensors is imported under each published architecture",
        arguments: Set(
            PublishedWeights.known.filter { $0.name.contains(":") }.compactMap(\.architecture)
        ).sorted())
    func accepted(name: String) throws {
        let architecture = try #require(Architecture.named(name))
        let place = try TemporaryFolder()
        var tensors = WeightTable(architecture.configuration).entries.map { ($0.name, $0.shape) }
        if architecture.configuration.vision.isImageNet {
            tensors.removeAll { $0.0 == "logit_scale" }
        }
        let model = name.replacing("-quickgelu", with: "")
        let counts = try #require(
            try Fixtures.json("published.json").members["models"]?.members[model]
        ).members
        #expect(counts["tensors"]?.whole == tensors.count)
        #expect(
            counts["numbers"]?.whole == tensors.reduce(0) { $0 + $1.1.reduce(1, *) })
        if architecture.configuration.vision.isImageNet {
            // The published files have the classifier, which is left out.
            let layer = name.hasPrefix("vit") ? "head" : "head.fc"
            let width = architecture.configuration.embeddingDimension
            tensors += [("\(layer).weight", [1000, width]), ("\(layer).bias", [1000])]
        }
        let path = place.file("weights.safetensors")
        try writeEmpty(tensors, to: path)
        let read = try CheckpointImport(source: path, architecture: architecture)
        #expect(read.configuration == architecture.configuration)
        #expect(read.hasProjection == !architecture.configuration.vision.isImageNet)
        #expect(
            read.form == (architecture.configuration.vision.isImageNet ? .timm : .openCLIP))

        try writeEmpty(tensors.dropFirst(), to: path)
        #expect(throws: PackageError.self) {
            try CheckpointImport(source: path, architecture: architecture)
        }
    }

    /// A file of weights that says everything about its tensors and has a hole in their place, so
    /// that it takes no room on the disk.
    private func writeEmpty(_ tensors: some Sequence<(String, [Int])>, to path: String) throws {
        var position = 0
        let rows = tensors.map { name, shape in
            let bytes = 2 * shape.reduce(1, *)
            defer { position += bytes }
            let size = shape.map(String.init).joined(separator: ",")
            return "\"\(name)\":{\"dtype\":\"F16\",\"shape\":[\(size)],"
                + "\"data_offsets\":[\(position),\(position + bytes)]}"
        }
        let header = Data("{\(rows.joined(separator: ","))}".utf8)
        var contents = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        contents.append(header)
        try contents.write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(contents.count + position))
        try file.close()
    }

    @Test("the import of weights with other pixels says so, and the package has them")
    func pixels() throws {
        let weights = try PublishedWeights.named("ViT-L-14:laion2b_s32b_b82k")
        #expect(
            weights.importCommand(path: "w")?.contains("--normalization symmetric --out ") == true)
        let usual = try CheckpointImport(
            source: Fixtures.path("gelu/weights.safetensors"),
            architecture: Fixtures.architecture("gelu"))
        let other = try CheckpointImport(
            source: Fixtures.path("gelu/weights.safetensors"),
            architecture: Fixtures.architecture("gelu"), normalization: .symmetric)
        #expect(usual.normalization == .clip)
        #expect(other.normalization == .symmetric)
        let place = try TemporaryFolder()
        #expect(try other.write(to: place.file("p")).settings.normalization == .symmetric)
    }

    @Test(
        "OpenAI's archives carry in their address the checksum they are held against",
        arguments: PublishedWeights.known.filter { $0.address.contains("openaipublic") })
    func openAI(weights: PublishedWeights) throws {
        let digest = try #require(weights.digest)
        #expect(digest.algorithm == .sha256 && digest.hexadecimal.count == 64)
        #expect(weights.address.split(separator: "/").dropLast().last! == digest.hexadecimal)
        #expect(weights.architecture?.hasSuffix("-quickgelu") == true)
    }

    @Test(
        "weights are imported with an architecture that there is",
        arguments: PublishedWeights.known.filter { $0.architecture != nil })
    func architectures(weights: PublishedWeights) throws {
        let name = try #require(weights.architecture)
        #expect(Architecture.named(name) != nil, "\(name)")
        #expect(
            weights.importCommand(path: "w")?.hasPrefix("reident models import w --arch \(name) ")
                == true)
    }

    @Test(
        "a name is found however it is written",
        arguments: [
            ("ViT-L/14", "ViT-L-14"), ("vit-l-14", "ViT-L-14"), ("ViT-L/14@336px", "ViT-L-14-336"),
            ("ViT-B-16:laion2b-s34b-b88k", "ViT-B-16:laion2b_s34b_b88k"),
            ("laion/CLIP-ViT-B-16-laion2B-s34B-b88K", "ViT-B-16:laion2b_s34b_b88k"),
        ])
    func spelling(given: String, name: String) throws {
        #expect(try PublishedWeights.named(given).name == name)
    }

    @Test("an unknown name is told with those that are alike")
    func unknown() {
        #expect {
            try PublishedWeights.named("ViT-B-16:")
        } throws: { error in
            let text = "\(error)"
            return text.contains("ViT-B-16:openai") && text.contains("--list")
        }
    }
}
