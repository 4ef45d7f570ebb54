// `reident train` as a user runs it: the run folder, a kill at any moment, Ctrl-C, refusals.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite(
    "The train command", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct TrainCommandTests {
    /// The drawn players and the small model of the training fixtures.
    static let fixtures = SharedData.projectRoot
        .appending(path: "Tests/ReIdentTrainingTests/Fixtures").path

    /// A package of random weights in a test's folder.
    func package(in folder: TemporaryFolder) throws -> String {
        let path = folder.file("start")
        let created = try BuiltProgram.run([
            "models", "create", "--arch", "\(Self.fixtures)/model/config.json", "--seed", "3",
            "--out", path,
        ])
        #expect(created.status == 0, "\(created.errors)")
        return path
    }

    func arguments(_ model: String, run: String, _ more: [String] = []) -> [String] {
        [
            "train", "\(Self.fixtures)/dataset", "--model", model, "--out", run, "--epochs", "3",
            "--batch-size", "3", "--lr", "1e-3", "--validation", "0.25",
        ] + more
    }

    func steps(of run: String) throws -> [String] {
        try String(contentsOfFile: "\(run)/steps.jsonl", encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    @Test(
        "a run killed at any moment goes on with exactly the losses of one that was not",
        arguments: [
            ([], [2, 2, 5, 9, 12]),
            (["--augment", "robust", "--color-shift", "0.3", "--erase", "0.2"], [2, 7]),
        ])
    func survivesKills(given: [String], counts: [Int]) throws {
        let folder = try TemporaryFolder()
        let model = try package(in: folder)
        let whole = folder.file("whole")
        let first = try BuiltProgram.run(arguments(model, run: whole, given))
        #expect(first.status == 0, "\(first.errors)")
        let expected = try steps(of: whole)
        #expect(expected.count > 12)

        let run = folder.file("killed")
        // Kills shortly after that many steps; without --save-every the start is what is saved.
        for (kills, lines) in counts.enumerated() {
            let saving = kills == 0 ? [] : ["--save-every", "1"]
            let options = given + saving + (kills == 0 ? [] : ["--resume"])
            let killed = try BuiltProgram.run(arguments(model, run: run, options)) { process in
                while process.isRunning {
                    if (try? steps(of: run).count) ?? 0 >= lines { break }
                    usleep(2_000)
                }
                kill(process.processIdentifier, SIGKILL)
            }
            #expect(killed.status == 128 + SIGKILL, "\(killed.errors)")
        }

        let last = try BuiltProgram.run(arguments(model, run: run, given + ["--resume"]))
        #expect(last.status == 0, "\(last.errors)")
        #expect(try steps(of: run) == expected)
    }

    @Test("Ctrl-C finishes the step, saves, says how to resume and exits with 130")
    func interruptsCleanly() throws {
        let folder = try TemporaryFolder()
        let model = try package(in: folder)
        let run = folder.file("run")
        let result = try BuiltProgram.run(arguments(model, run: run)) { process in
            while process.isRunning, (try? steps(of: run).count) ?? 0 < 3 { usleep(2_000) }
            kill(process.processIdentifier, SIGINT)
        }
        #expect(result.status == 130, "\(result.errors)")
        #expect(result.errors.contains("--resume"))
        func page() throws -> String {
            try String(contentsOfFile: "\(run)/curves.html", encoding: .utf8)
        }
        #expect(try page().contains("<svg") && !page().contains("http-equiv=\"refresh\""))
        let resumed = try BuiltProgram.run(arguments(model, run: run, ["--resume", "--json"]))
        #expect(resumed.status == 0, "\(resumed.errors)")
        let summary = try resumed.object()
        #expect(summary["steps"] as? Int == (try steps(of: run).count))
        #expect(try page().contains("<b>\(steps(of: run).count)</b> steps"))
        #expect(try steps(of: run).allSatisfy { $0.contains("\"gradient_norm\":") })
        let best = try BuiltProgram.run(["models", "inspect", "\(run)/best"])
        #expect(best.status == 0, "\(best.errors)")
    }

    @Test("content tokens are trained, kept in the package and used from it")
    func contentTokens() throws {
        let folder = try TemporaryFolder()
        let model = try package(in: folder)
        let run = folder.file("run")
        let result = try BuiltProgram.run(
            arguments(model, run: run, ["--tokens", "content", "--max-steps", "4", "--json"]))
        #expect(result.status == 0, "\(result.errors)")
        let inspected = try BuiltProgram.run(["models", "inspect", "\(run)/last", "--json"])
        #expect(try inspected.object()["tokens"] as? String == "content")
        func vectors(_ name: String, _ options: [String]) throws -> Data {
            let path = folder.file(name)
            let embedded = try BuiltProgram.run(
                ["embed", "\(Self.fixtures)/dataset", "--model", "\(run)/last", "--out", path]
                    + options)
            #expect(embedded.status == 0, "\(embedded.errors)")
            return try Data(contentsOf: URL(filePath: path))
        }
        #expect(try vectors("own", []) == vectors("content", ["--tokens", "content"]))
        #expect(try vectors("own again", []) != vectors("all", ["--tokens", "all"]))
        let resNet = SharedData.projectRoot.appending(path: "Models/reident-tiny").path
        let refused = try BuiltProgram.run(
            arguments(resNet, run: folder.file("other"), ["--tokens", "content"]))
        expectFailure(refused, code: 64, saying: [resNet, "no transformer"])
    }

    @Test("pairs from a file are taken in their order, one line of steps.jsonl a batch")
    func followsPairs() throws {
        let folder = try TemporaryFolder()
        let model = try package(in: folder)
        let run = folder.file("run")
        let result = try BuiltProgram.run([
            "train", "\(Self.fixtures)/dataset", "--model", model, "--out", run, "--epochs", "2",
            "--pairs", "\(Self.fixtures)/pairs.csv",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let lines = try steps(of: run).map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
        #expect(lines.count == 10)
        #expect(lines.map { $0?["step"] as? Int } == Array(1...10))
        #expect(lines.map { $0?["epoch"] as? Int } == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect(lines.first??["learning_rate"] as? Double == 0)
        #expect(
            Set(lines.compactMap { $0?.keys.sorted() }) == [
                ["epoch", "gradient_norm", "learning_rate", "loss", "step"]
            ])
    }

    @Test("refusals have the designed exit code and leave nothing behind")
    func refuses() throws {
        let folder = try TemporaryFolder()
        let model = try package(in: folder)
        let run = folder.file("run")
        func expect(_ status: Int32, _ arguments: [String], says text: String) throws {
            let result = try BuiltProgram.run(arguments)
            #expect(result.status == status, "\(arguments): \(result.errors)")
            #expect(result.errors.contains(text), "\(result.errors)")
        }
        try expect(64, arguments(model, run: run, ["--precision", "fp16"]), says: "fp16")
        try expect(64, arguments(model, run: run, ["--precision", "fp8"]), says: "fp8")
        try expect(64, arguments(model, run: run, ["--validation", "2"]), says: "--validation")
        try expect(64, arguments(model, run: run, ["--jpeg", "20"]), says: "--jpeg")
        try expect(64, arguments(model, run: run, ["--augment", "weak"]), says: "robust")
        try expect(65, arguments(model, run: run, ["--batch-size", "40"]), says: "40")
        try expect(66, arguments(folder.file("none"), run: run), says: "none")
        try expect(66, arguments(model, run: run, ["--resume"]), says: "no saved state")
        try expect(
            73, arguments(model, run: folder.file("missing/run")), says: "missing")
        let pairs = folder.file("pairs.csv")
        try "step,query,gallery\n1,player01/0.png,nobody/1.png\n"
            .write(toFile: pairs, atomically: true, encoding: .utf8)
        try expect(64, arguments(model, run: run, ["--pairs", pairs]), says: "--validation")
        try expect(
            65,
            [
                "train", "\(Self.fixtures)/dataset", "--model", model, "--out", run, "--pairs",
                pairs,
            ], says: "line 2")
        try expect(69, arguments(model, run: run, ["--device", "cuda:99"]), says: "cuda:99")
        #expect(!FileManager.default.fileExists(atPath: run))
        try FileManager.default.createDirectory(
            atPath: run, withIntermediateDirectories: false)
        try expect(73, arguments(model, run: run), says: "--force")
    }
}
