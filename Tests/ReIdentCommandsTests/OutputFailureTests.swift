// Outputs that cannot be written: a full disk, a limit on the size of files, a folder that is read
// only. Always exit code 73, and nothing half-written.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Outputs that cannot be written")
struct OutputFailureTests {
    /// A folder that nothing can be put into, also by root where there is such a one.
    private static func readOnlyFolder(_ place: Workplace) throws -> String {
        guard geteuid() == 0 else {
            let folder = place.file("read-only")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o555])
            return folder
        }
        return FileManager.default.fileExists(atPath: "/sys") ? "/sys" : "/System"
    }

    @Test(
        "standard output on a full disk is exit code 73 for every kind of answer",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func fullStandardOutput() throws {
        let place = try Workplace()
        let matrix = try place.write("0,1,2\n1,0.1,0.2\n", to: "distances.csv")
        let arch = try place.architecture()
        for arguments in [
            ["models", "list", "--json"], ["models", "inspect", try place.model(), "--json"],
            ["score", matrix, "--json"], ["score", matrix], ["--help"], ["--version"],
            ["models", "create", "--arch", arch, "--seed", "1", "--out", place.file("made")],
        ] {
            let run = try BuiltProgram.run(
                arguments, environment: withoutEngine, outputPath: "/dev/full")
            #expect(run.status == 73, "\(arguments): \(run.errors)")
            #expect(
                run.errors.contains("reident: standard output: cannot be written: No space"),
                "\(arguments): \(run.errors)")
        }
    }

    @Test("weights larger than files may be are a sentence, and nothing of them is left")
    func fileTooLarge() throws {
        let place = try Workplace()
        let (model, arch) = (try place.model(), try place.architecture())
        let before = try place.names()
        let out = place.file("out")
        for arguments in [
            ["models", "create", "--arch", arch, "--seed", "1", "--out", out],
            ["models", "import", "\(model)/model.safetensors", "--arch", arch, "--out", out],
        ] {
            let run = try BuiltProgram.run(arguments, fileBlocks: 100)
            expectFailure(
                run, code: 73, saying: ["\(out)/model.safetensors", "larger than files may be"])
            #expect(try place.names() == before)
        }
    }

    @Test(
        "embeddings and distances larger than files may be leave nothing either",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func resultTooLarge() throws {
        let place = try Workplace()
        let (model, data) = (try place.model(), try place.players("players", count: 10))
        let before = try place.names()
        for (arguments, out) in [
            (["embed", data, "--model", model], "out.safetensors"),
            (["distances", data, "--model", model], "out.csv"),
            (["distances", data, "--model", model], "out.safetensors"),
        ] {
            let run = try BuiltProgram.run(
                arguments + ["--out", place.file(out)], fileBlocks: 0)
            // The message itself cannot be written either, where even that is a file.
            #expect(run.status == 73, "\(run.errors)")
            #expect(try place.names() == before)
        }
    }

    @Test(
        "a training that cannot save its start leaves no folder in the way of the next",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func trainingTooLarge() throws {
        let place = try Workplace()
        let (model, data) = (try place.model(), try place.players("players", count: 6))
        let before = try place.names()
        let run = try BuiltProgram.run(
            [
                "train", data, "--model", model, "--out", place.file("run"), "--batch-size", "2",
                "--validation", "0",
            ], fileBlocks: 100)
        expectFailure(run, code: 73, saying: ["run/last", "larger than files may be"])
        #expect(try place.names() == before)
    }

    @Test(
        "a training whose disk fills up later keeps what it saved, and goes on when there is room",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func diskFillsUp() throws {
        let place = try Workplace()
        let (model, data) = (try place.model(), try place.players("players", count: 6))
        let arguments = [
            "train", data, "--model", model, "--out", place.file("run"), "--batch-size", "2",
            "--validation", "0", "--epochs", "2",
        ]
        let begun = try BuiltProgram.run(arguments + ["--max-steps", "1"])
        #expect(begun.status == 0, "\(begun.errors)")
        let full = try BuiltProgram.run(arguments + ["--resume"], fileBlocks: 100)
        #expect(full.status == 73, "\(full.errors)")
        #expect(full.errors.contains("Step 1 is saved."), "\(full.errors)")
        #expect(full.errors.contains("--resume"))
        let names = try place.names(in: "run")
        #expect(names.allSatisfy { !$0.hasSuffix(".partial") }, "\(names)")
        let rest = try BuiltProgram.run(arguments + ["--resume", "--json"])
        #expect(rest.status == 0, "\(rest.errors)")
        let steps = try String(contentsOfFile: place.file("run/steps.jsonl"), encoding: .utf8)
            .split(separator: "\n").count
        #expect(try rest.object()["steps"] as? Int == steps)
        #expect(steps > 1)
    }

    @Test("a folder that is read only is found out before the work, or at its end, as 73")
    func readOnly() throws {
        let place = try Workplace()
        let folder = try Self.readOnlyFolder(place)
        let arch = try place.architecture()
        let run = try reident(
            "models", "create", "--arch", arch, "--seed", "1", "--out", "\(folder)/out",
            environment: withoutEngine)
        expectFailure(run, code: 73, saying: ["\(folder)/out"])
    }

    @Test(
        "an output below a file, in no folder, or with no name is refused before the engine",
        arguments: ["a.png/out.safetensors", "none/out.safetensors", ""])
    func noPlace(out: String) throws {
        let place = try Workplace()
        let image = try place.image("a.png", seed: 1)
        let before = try place.names()
        let run = try reident(
            "embed", image, "--model", place.model(), "--out",
            out.isEmpty ? "" : place.file(out), environment: withoutEngine)
        expectFailure(run, code: 73, saying: [out.isEmpty ? "no name" : out])
        #expect(try place.names() == (before + ["model", "tiny.json"]).sorted())
    }
}
