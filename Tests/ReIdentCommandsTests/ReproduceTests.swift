// `reident reproduce` from its first step to its table, with a tiny model of random weights and
// rendered players in SynergyReID's layout.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Reproducing the paper", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct ReproduceTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    /// Rendered players in SynergyReID's layout: 6 to learn from, 3 to test, 3 for the challenge,
    /// three crops each, of which one is the query.
    private func synergy() throws -> String {
        let run = try reident(
            "synthesize", "--layout", "synergyreid", "--players", "6", "--test-players", "3",
            "--images-per-player", "3", "--out", place.file("data"))
        try #require(run.status == 0, "\(run.errors)")
        return place.file("data")
    }

    private func arguments(_ more: [String] = []) throws -> [String] {
        [
            "reproduce", "ViT-B-16", "--weights", try place.model(), "--data", try synergy(),
            "--batch-size", "3", "--out", place.file("out"),
        ] + more
    }

    @Test("every step is run once, and the table has the figures that evaluate prints")
    func dryRun() throws {
        let start = try arguments(["--seeds", "2", "--max-steps", "2"])
        let command = start + ["--epochs", "1"]
        let run = try BuiltProgram.run(command + ["--json"])
        #expect(run.status == 0, "\(run.errors)")
        for title in [
            "Step 1 of 8: Evaluating without training", "Step 2 of 8: Fine-tuning with seed 1",
            "Step 8 of 8: Writing the submission of all seeds together",
        ] {
            #expect(run.errors.contains(title), "\(title)")
        }
        let out = place.file("out")
        let table = try run.object()
        #expect(table["comparable"] as? Bool == false)
        let seeds = try #require(table["seeds"] as? [[String: Any]])
        #expect(seeds.map { $0["seed"] as? Int } == [1, 2])
        let paper = try #require((table["paper"] as? [String: Any])?["test"] as? [String: Any])
        #expect(paper["mAP"] as? Double == 0.95 && paper["reranked_mAP"] as? Double == 0.981)

        // The figures are those of the command that a person would type.
        let typed = try reident(
            "evaluate", place.file("data"), "--model", "\(out)/seed-2/best", "--rerank", "--json"
        ).object()
        #expect(seeds[1]["mAP"] as? Double == typed["mAP"] as? Double)
        let reranked = try #require(typed["reranked"] as? [String: Any])
        #expect(seeds[1]["reranked_mAP"] as? Double == reranked["mAP"] as? Double)
        #expect(table["queries"] as? Int == 3 && table["gallery"] as? Int == 6)
        let mean = try #require(table["mean"] as? [String: Any])
        let spread = try #require(table["spread"] as? [String: Any])
        for figure in ["mAP", "rank1", "reranked_mAP", "reranked_rank1"] {
            let values = try seeds.map { try #require($0[figure] as? Double) }
            let (average, range) = (mean[figure] as? Double, spread[figure] as? Double)
            #expect(abs((average ?? -1) - (values[0] + values[1]) / 2) < 1e-12, "\(figure)")
            #expect(abs((range ?? -1) - abs(values[0] - values[1])) < 1e-12, "\(figure)")
        }

        let text = try String(contentsOfFile: "\(out)/table.md", encoding: .utf8)
        #expect(text.contains("| the paper | 95.0 | - | 98.1 | - |"))
        #expect(text.contains("Not comparable with the paper: weights given by --weights"))
        let submission = try String(
            contentsOfFile: "\(out)/submission-mean-of-2.csv", encoding: .utf8)
        let rows = submission.split(separator: "\n")
        #expect(rows.first == "0,10,10,11,11,12,12")
        #expect(rows.dropFirst().map { $0.prefix(3) } == ["10,", "11,", "12,"])

        // Again: nothing is left to do, and the table is the same.
        let before = try Data(contentsOf: URL(filePath: "\(out)/seed-1/state"))
        let again = try BuiltProgram.run(command + ["--json"])
        #expect(again.output == run.output)
        #expect(again.errors.components(separatedBy: "done before").count == 9)
        #expect(try Data(contentsOf: URL(filePath: "\(out)/seed-1/state")) == before)

        // Other options do not mix with what is there.
        let other = try BuiltProgram.run(start + ["--epochs", "2"])
        expectFailure(other, code: 64, saying: ["--epochs was 1 and is 2"])
    }

    @Test("Ctrl-C in a training ends with 130, and the same command goes on with it")
    func interrupted() throws {
        let command = try arguments(["--seeds", "1", "--epochs", "5000"])
        let state = place.file("out/seed-1/state")
        let run = try BuiltProgram.run(command) { process in
            while process.isRunning, !FileManager.default.fileExists(atPath: state) {
                usleep(20_000)
            }
            kill(process.processIdentifier, SIGINT)
        }
        expectFailure(run, code: 130, saying: ["Fine-tuning with seed 1", "same command"])
        let plan = try BuiltProgram.run(command + ["--plan"])
        #expect(plan.output.split(separator: "\n")[1].hasSuffix("--resume"))
    }
}

@Suite("Planning a reproduction")
struct ReproductionPlanTests {
    @Test("the plan begins with the downloads, and nothing is written by asking for it")
    func plan() throws {
        let place = try Workplace()
        let run = try reident(
            "reproduce", "ViT-L-14", "--device", "cuda", "--seeds", "3", "--plan",
            "--mirror", "http://mirror.example", in: place.path)
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3 + 1 + 3 * 2 + 3 + 1)
        #expect(
            lines[0] == "reident models fetch ViT-L-14 --out reproduction-ViT-L-14/ViT-L-14.pt "
                + "--mirror http://mirror.example")
        #expect(lines[1].contains("--arch ViT-L-14-quickgelu"))
        #expect(lines[2].hasPrefix("reident data fetch synergyreid-2022 "))
        #expect(lines[4].contains("--seed 1 --validation 0 --epochs 4 --batch-size 16"))
        #expect(lines.dropFirst(3).allSatisfy { $0.hasSuffix("--device cuda") })
        #expect(try place.names().isEmpty)
    }

    @Test("a step that fails says which it was, with the command's own exit code")
    func failure() throws {
        let place = try Workplace()
        let server = try LocalServer.file([1, 2, 3])
        let run = try reident(
            "reproduce", "ViT-B-16", "--out", place.file("out"), "--mirror", server.address)
        expectFailure(run, code: 65, saying: ["SHA-256", "Fetching OpenAI's weights"])
    }

    @Test("what is given and not there is 66 before anything is begun")
    func missing() throws {
        let place = try Workplace()
        let run = try reident(
            "reproduce", "ViT-B-16", "--data", "nowhere.zip", "--out", place.file("out"))
        expectFailure(run, code: 66, saying: ["nowhere.zip"])
        #expect(try place.names().isEmpty)
    }
}
