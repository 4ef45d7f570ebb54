// Ctrl-C at every stage of every command that takes its time.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// When a signal is sent to a running program.
private enum Moment {
    /// Some time after its first line on standard error, which is the beginning of the work.
    case afterFirstLine(milliseconds: UInt32)
    /// Some time after the start, whatever it does then.
    case afterStart(milliseconds: UInt32)
    /// As soon as something holds.
    case when(() -> Bool)
}

/// Runs the program and interrupts it.
private func interrupted(
    _ arguments: [String], by signal: Int32 = SIGINT, at moment: Moment,
    environment: [String: String] = [:]
) throws -> ProgramResult {
    let errors = try TemporaryFolder()
    return try BuiltProgram.run(
        arguments, environment: environment, errorsPath: errors.file("errors")
    ) { process in
        switch moment {
        case .afterFirstLine(let milliseconds):
            while process.isRunning,
                try String(contentsOfFile: errors.file("errors"), encoding: .utf8).isEmpty
            { usleep(5_000) }
            usleep(milliseconds * 1000)
        case .afterStart(let milliseconds):
            usleep(milliseconds * 1000)
        case .when(let holds):
            while process.isRunning, !holds() { usleep(200) }
        }
        kill(process.processIdentifier, signal)
    }
}

@Suite(
    "Interruption", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct InterruptionTests {
    @Test(
        "ends embedding with exit code 130, and nothing is half-written",
        arguments: [SIGINT, SIGTERM, SIGHUP])
    func embed(signal: Int32) throws {
        let place = try Workplace()
        let model = try place.model()
        let image = try place.image("original.png", seed: 1, width: 300, height: 600)
        let images = try place.links(to: image, in: "images", count: 20_000)
        let before = try place.names()
        let run = try interrupted(
            [
                // The override makes the program say something just before it begins.
                "embed", images, "--model", model, "--out", place.file("o.safetensors"),
                "--preprocess", "stretch",
            ], by: signal, at: .afterFirstLine(milliseconds: 200))
        #expect(run.status == 130, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("reident: Interrupted; nothing was written."))
        #expect(try place.names() == before)
    }

    @Test("ends evaluation, distances and search while they embed")
    func embedding() throws {
        let place = try Workplace()
        let model = try place.model()
        let image = try place.image("original.png", seed: 1, width: 300, height: 600)
        for player in ["one", "two", "three"] {
            _ = try place.links(to: image, in: "data/\(player)", count: 4_000)
        }
        let data = place.file("data")
        let before = try place.names()
        let stretched = ["--model", model, "--preprocess", "stretch"]
        for arguments in [
            ["evaluate", data], ["evaluate", data, "--rerank", "--json"],
            ["distances", data, "--out", place.file("o.csv")],
            ["search", image, "--gallery", data, "--json"],
        ] {
            let run = try interrupted(
                arguments + stretched, at: .afterFirstLine(milliseconds: 200))
            #expect(run.status == 130, "\(arguments): \(run.errors)")
            #expect(run.output.isEmpty)
            #expect(run.errors.contains("reident: Interrupted; nothing was written."))
            #expect(try place.names() == before)
        }
    }

    @Test("ends at whatever moment of its start it comes, and nothing is half-written")
    func loading() throws {
        let place = try Workplace()
        let model = try place.model()
        let image = try place.image("original.png", seed: 1, width: 300, height: 600)
        let images = try place.links(to: image, in: "images", count: 20_000)
        let before = try place.names()
        for milliseconds in [0, 10, 30, 60, 100, 200, 400] as [UInt32] {
            let run = try interrupted(
                ["embed", images, "--model", model, "--out", place.file("o.safetensors")],
                at: .afterStart(milliseconds: milliseconds))
            // Before the program listens, the system ends it: 128 + SIGINT is 130, too.
            #expect(run.status == 130, "\(milliseconds) ms: \(run.errors)")
            #expect(try place.names() == before, "\(milliseconds) ms")
        }
    }

    @Test("ends scoring while it reads")
    func score() throws {
        let place = try Workplace()
        let gallery = (0..<4000).map { "\($0 % 500)" }.joined(separator: ",")
        let row = (0..<4000).map { "0.\($0)" }.joined(separator: ",")
        let text = "0,\(gallery)\n" + (0..<400).map { "\($0),\(row)\n" }.joined()
        let file = try place.write(text, to: "distances.csv")
        for options in [[], ["--json"]] {
            let run = try interrupted(
                ["score", file] + options, at: .afterStart(milliseconds: 300))
            #expect(run.status == 130, "\(run.errors)")
            #expect(run.output.isEmpty)
            #expect(run.errors.contains("nothing was written"))
        }
    }

    @Test("ends the making of a package between two tensors, and nothing of it is left")
    func models() throws {
        let place = try Workplace()
        let arch = try place.write(
            """
            {"embed_dim": 64, "vision_cfg": {"image_size": 32, "layers": 60, "width": 128,
             "patch_size": 16}}
            """, to: "deep.json")
        let source = place.file("source")
        let made = try reident("models", "create", "--arch", arch, "--seed", "1", "--out", source)
        #expect(made.status == 0, "\(made.errors)")
        let before = try place.names()
        for arguments in [
            ["models", "create", "--seed", "1"],
            ["models", "import", "\(source)/model.safetensors"],
        ] {
            let run = try interrupted(
                arguments + ["--arch", arch, "--out", place.file("out")],
                at: .when { place.isWriting(in: "") })
            #expect(run.status == 130, "\(arguments): \(run.errors)")
            #expect(run.errors.contains("nothing was written"), "\(run.errors)")
            #expect(try place.names() == before)
        }
    }
}

@Suite(
    "Interruption of training", .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .serialized)
struct TrainingInterruptionTests {
    let place: Workplace
    let run: String

    init() throws {
        place = try Workplace()
        run = place.file("run")
    }

    /// Six players to train on, and a test part that takes a while to embed.
    private func arguments(testImages: Int, _ more: [String] = []) throws -> [String] {
        var rows = ["path,identity,camera,split,role"]
        for player in 0..<6 {
            for index in 0..<2 {
                let name = "\(player)-\(index).png"
                try place.image("data/\(name)", seed: UInt64(10 * player + index))
                rows.append("\(name),\(player),,train,")
            }
        }
        let image = try place.image("big.png", seed: 1, width: 200, height: 400)
        _ = try place.links(to: image, in: "data/test", count: testImages)
        for index in 0..<testImages {
            rows.append("test/\(index).png,p\(index % 2),,test,\(index < 2 ? "query" : "gallery")")
        }
        try place.write(rows.joined(separator: "\n"), to: "data/manifest.csv")
        return [
            "train", place.file("data"), "--model", try place.model(), "--out", run,
            "--batch-size", "2", "--lr", "1e-3", "--epochs", "2", "--validation", "test",
        ] + more
    }

    private func lines(_ name: String) -> [String] {
        let text = try? String(contentsOfFile: "\(run)/\(name)", encoding: .utf8)
        return text?.split(separator: "\n").map(String.init) ?? []
    }

    /// Goes on with an interrupted run and holds it against one that was left alone.
    private func expectWhole(_ arguments: [String], after interrupted: ProgramResult) throws {
        #expect(interrupted.status == 130, "\(interrupted.errors)")
        #expect(interrupted.errors.contains("--resume"), "\(interrupted.errors)")
        #expect(try place.names(in: "run").allSatisfy { !$0.hasSuffix(".partial") })
        let resumed = try BuiltProgram.run(arguments + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        let (steps, epochs) = (lines("steps.jsonl"), lines("epochs.jsonl"))
        let whole = try BuiltProgram.run(arguments + ["--force"])
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(steps == lines("steps.jsonl"))
        #expect(epochs.count == 3 && lines("epochs.jsonl").count == 3)
    }

    @Test("while the start is evaluated: the start is saved, and resuming gives the same losses")
    func initialEvaluation() throws {
        let arguments = try arguments(testImages: 600)
        let state = "\(run)/state"
        let result = try interrupted(
            arguments, at: .when { FileManager.default.fileExists(atPath: state) })
        #expect(lines("epochs.jsonl").isEmpty, "the evaluation was over already")
        try expectWhole(arguments, after: result)
    }

    @Test("while an epoch is evaluated: its steps are saved, and resuming gives the same losses")
    func laterEvaluation() throws {
        let arguments = try arguments(testImages: 1200)
        #expect(try BuiltProgram.run(arguments).status == 0)
        let stepCount = lines("steps.jsonl").filter { $0.contains("\"epoch\":1,") }.count
        #expect(stepCount > 0)
        let result = try interrupted(
            arguments + ["--force"],
            at: .when {
                // The package is written after the epoch's steps and before its evaluation.
                lines("steps.jsonl").count == stepCount && lines("epochs.jsonl").count == 1
                    && !place.isWriting(in: "run")
            })
        #expect(lines("steps.jsonl").count == stepCount)
        #expect(lines("epochs.jsonl").count == 1, "the evaluation was over already")
        try expectWhole(arguments, after: result)
    }

    @Test("while it saves: what is saved is whole, and resuming gives the same losses")
    func saving() throws {
        let arguments = try arguments(testImages: 8, ["--save-every", "1"])
        let result = try interrupted(
            arguments,
            at: .when { !lines("steps.jsonl").isEmpty && place.isWriting(in: "run") })
        try expectWhole(arguments, after: result)
    }

    @Test("in a step, by either signal: the step is finished and saved")
    func step() throws {
        let arguments = try arguments(testImages: 8)
        let result = try interrupted(
            arguments, by: SIGTERM, at: .when { lines("steps.jsonl").count >= 2 })
        try expectWhole(arguments, after: result)
    }

    @Test("at whatever moment of its start it comes: nothing is written, or what can be resumed")
    func loading() throws {
        let arguments = try arguments(testImages: 600)
        for milliseconds in [0, 30, 100, 200, 300, 400, 500] as [UInt32] {
            let result = try interrupted(
                arguments, at: .afterStart(milliseconds: milliseconds))
            #expect(result.status == 130, "\(milliseconds) ms: \(result.errors)")
            let exists = FileManager.default.fileExists(atPath: run)
            #expect(
                !exists || FileManager.default.fileExists(atPath: "\(run)/state"),
                "\(milliseconds) ms: \(result.errors)")
            if exists { try FileManager.default.removeItem(atPath: run) }
        }
    }
}

extension Workplace {
    /// Whether something in the folder is being written at the moment.
    fileprivate func isWriting(in folder: String) -> Bool {
        ((try? names(in: folder)) ?? []).contains { $0.hasSuffix(".partial") }
    }
}
