// The whole chain by commands alone, on real crops: create, fine-tune, evaluate, search. The long
// form is docs/WALKTHROUGH.md.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite(
    "The chain on real players",
    .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .enabled(
        if: SharedData.has("market1501-mini") && SharedData.has("synergyreid-banner"),
        SharedData.reason))
struct ChainTests {
    @Test("create, fine-tune, evaluate with and without re-ranking, search")
    func runsTheChain() throws {
        let folder = try TemporaryFolder()
        let market = SharedData.path("market1501-mini")
        func run(_ arguments: [String]) throws -> ProgramResult {
            let result = try BuiltProgram.run(arguments)
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            return result
        }
        let configuration = folder.file("small.json")
        try """
        {"embed_dim": 32, "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 2,
         "width": 64, "head_width": 32}}
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        let start = folder.file("start")
        _ = try run([
            "models", "create", "--arch", configuration, "--seed", "1", "--out", start,
        ])
        let before = try run(["evaluate", market, "--model", start, "--json"]).object()
        _ = try run([
            "train", market, "--model", start, "--out", folder.file("run"), "--epochs", "1",
            "--max-steps", "60", "--lr", "1e-3", "--warmup-epochs", "0.1", "--validation", "0",
        ])
        let best = folder.file("run/best")
        let after = try run(["evaluate", market, "--model", best, "--rerank", "--json"]).object()
        let precision = try #require(after["mAP"] as? Double)
        // Sixty steps of a tiny model: far from good, and more than untrained.
        #expect(precision > (before["mAP"] as? Double) ?? 1)
        let reranked = try #require(after["reranked"] as? [String: Any])
        #expect((reranked["mAP"] as? Double) ?? 0 > 0)
        #expect(after["queries"] as? Int == 269 && after["gallery"] as? Int == 776)

        let banner = SharedData.path("synergyreid-banner")
        let found = try run([
            "search", "\(banner)/reid_test/query", "--gallery", "\(banner)/reid_test/gallery",
            "--model", best, "-k", "3", "--json",
        ]).objects()
        #expect(found.count == 4)
        for query in found {
            let matches = try #require(query["matches"] as? [[String: Any]])
            let similarities = matches.compactMap { $0["similarity"] as? Double }
            #expect(similarities.count == 3 && similarities == similarities.sorted(by: >))
        }
    }
}
