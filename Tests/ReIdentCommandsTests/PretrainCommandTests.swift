// `reident pretrain` as a user runs it: from captions to a model that reads, a kill, Ctrl-C,
// refusals.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite(
    "The pretrain command", .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .serialized)
struct PretrainCommandTests {
    /// Twelve players, two images each, with captions; another four without.
    private func dataset(in place: Workplace) throws -> String {
        var rows: [String] = ["path,identity,camera,split,role,caption"]
        for player in 0..<16 {
            for image in 0..<2 {
                let name = "\(player)-\(image).png"
                try place.image("data/\(name)", seed: UInt64(2 * player + image))
                let caption = player < 12 ? "a player with number \(player)" : ""
                rows.append("\(name),p\(player),,train,,\(caption)")
            }
        }
        try place.write(rows.joined(separator: "\n") + "\n", to: "data/manifest.csv")
        return place.file("data")
    }

    private func architecture(in place: Workplace) throws -> String {
        try place.write(
            """
            {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": 1, "width": 32,
             "patch_size": 16, "head_width": 16}, "text_cfg": {"context_length": 16,
             "vocab_size": 49408, "width": 24, "heads": 2, "layers": 1}}
            """, to: "tiny-clip.json")
    }

    private func arguments(
        _ place: Workplace, run: String = "run", _ more: [String] = []
    ) throws -> [String] {
        [
            "pretrain", try dataset(in: place), "--arch", try architecture(in: place), "--out",
            place.file(run), "--epochs", "3", "--batch-size", "6", "--chunk-size", "4", "--lr",
            "1e-3", "--vocabulary-size", "530", "--validation", "0.2",
        ] + more
    }

    private func steps(_ place: Workplace, _ run: String) throws -> [String] {
        try String(contentsOfFile: place.file("\(run)/steps.jsonl"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    @Test("makes a model that reads, from images and captions alone, and tells what it did")
    func pretrains() throws {
        let place = try Workplace()
        let result = try BuiltProgram.run(arguments(place, ["--json"]))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("8 training images have no caption and are left out"))
        #expect(result.errors.contains("image to caption"))
        let summary = try result.object()
        let epochs = try #require(summary["epochs"] as? [[String: Any]])
        #expect(epochs.count == 4)
        #expect(try summary["steps"] as? Int == steps(place, "run").count)
        for epoch in epochs {
            #expect(
                Set(epoch.keys) == [
                    "epoch", "step", "loss", "mAP", "rank1", "image_to_text", "text_to_image",
                    "captions", "measured_on", "seconds",
                ])
            #expect(epoch["captions"] as? Int == 2)
        }
        let best = try #require(summary["best"] as? String)
        let texts = try BuiltProgram.run([
            "embed-text", "a player with number 3", "--model", best, "--out",
            place.file("texts.safetensors"),
        ])
        #expect(texts.status == 0, "\(texts.errors)")
        let found = try BuiltProgram.run([
            "search", "--text", "a player with number 3", "--gallery", place.file("data"),
            "--model", best, "-k", "3", "--json",
        ])
        #expect(found.status == 0, "\(found.errors)")
        let inspected = try BuiltProgram.run(["models", "inspect", best])
        #expect(inspected.status == 0, "\(inspected.output) \(inspected.errors)")
    }

    @Test("a run that was killed goes on with exactly the losses of one that was not")
    func survivesKills() throws {
        let place = try Workplace()
        let whole = try BuiltProgram.run(arguments(place, run: "whole"))
        #expect(whole.status == 0, "\(whole.errors)")
        let expected = try steps(place, "whole")
        #expect(expected.count == 9)
        let killed = try BuiltProgram.run(arguments(place, ["--save-every", "1"])) { process in
            while process.isRunning, (try? steps(place, "run").count) ?? 0 < 4 { usleep(2_000) }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(killed.status == 128 + SIGKILL, "\(killed.errors)")
        let last = try BuiltProgram.run(arguments(place, ["--resume"]))
        #expect(last.status == 0, "\(last.errors)")
        #expect(try steps(place, "run") == expected)
    }

    @Test("Ctrl-C finishes the step, saves and exits with 130")
    func interruptsCleanly() throws {
        let place = try Workplace()
        let result = try BuiltProgram.run(arguments(place)) { process in
            while process.isRunning, (try? steps(place, "run").count) ?? 0 < 3 { usleep(2_000) }
            kill(process.processIdentifier, SIGINT)
        }
        #expect(result.status == 130, "\(result.errors)")
        let resumed = try BuiltProgram.run(arguments(place, ["--resume"]))
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try place.names().filter { $0.contains("start") }.isEmpty)
    }

    @Test("what cannot be pretrained is a sentence with the designed exit code, and leaves nothing")
    func refuses() throws {
        let place = try Workplace()
        let plain = try arguments(place)
        func expect(_ status: Int32, _ arguments: [String], says text: String) throws {
            let result = try BuiltProgram.run(arguments)
            #expect(result.status == status, "\(arguments): \(result.errors)")
            #expect(result.errors.contains(text), "\(result.errors)")
        }
        func replacing(_ option: String, _ value: String) -> [String] {
            var changed = plain
            if let index = changed.firstIndex(of: option) { changed[index + 1] = value }
            return changed
        }
        try expect(64, replacing("--vocabulary-size", "100"), says: "at least 514")
        try expect(64, replacing("--chunk-size", "0"), says: "--chunk-size")
        let resNet = try place.write(
            """
            {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16,
             "head_width": 16}, "text_cfg": {"context_length": 16, "vocab_size": 49408,
             "width": 24, "heads": 2, "layers": 1}}
            """, to: "resnet.json")
        try expect(
            64, replacing("--arch", resNet) + ["--chunk-size", "1"],
            says: "--chunk-size needs at least 2 for batches of 6 and a ResNet")
        try expect(64, plain + ["--model", place.file("none")], says: "not both")
        try expect(64, replacing("--validation", "test"), says: "--validation")
        try expect(65, replacing("--batch-size", "400"), says: "Use a smaller --batch-size")
        try expect(65, replacing("--arch", try place.architecture()), says: "no text side")
        try expect(66, replacing("--arch", place.file("none.json")), says: "none.json")
        let package: [String] = {
            var changed = plain
            if let index = changed.firstIndex(of: "--vocabulary-size") {
                changed.removeSubrange(index...index + 1)
            }
            if let index = changed.firstIndex(of: "--arch") { changed[index] = "--model" }
            return changed
        }()
        func going(on model: String) -> [String] {
            var changed = package
            if let index = changed.firstIndex(of: "--model") { changed[index + 1] = model }
            return changed
        }
        try expect(65, going(on: place.model()), says: "no text encoder")
        try expect(65, going(on: place.textModel(vocabulary: nil)), says: "no vocabulary")
        let manifest = try String(contentsOfFile: place.file("data/manifest.csv"), encoding: .utf8)
        let bare = manifest.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).dropLast()
                .joined(separator: ",")
        }
        try place.write(bare.joined(separator: "\n") + "\n", to: "data/manifest.csv")
        try expect(65, plain.map { $0 }, says: "no training image has a caption")
        #expect(!FileManager.default.fileExists(atPath: place.file("run")))
        try place.write("", to: "run/thesis.txt")
        try expect(73, plain + ["--force"], says: "thesis.txt")
    }
}
