// The catalogue of weights fits together.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentFiles
import Testing

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

    @Test("file names differ, so that two downloads never meet in one file")
    func files() {
        let names = PublishedWeights.known.map(\.fileName)
        #expect(Set(names).count == names.count)
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
