// What the command line refuses before it does anything, and what works without the engine.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@Suite("Command line")
struct UsageTests {
    @Test(
        "shows help without the engine",
        arguments: [
            [], ["models"], ["models", "import"], ["models", "create"], ["models", "list"],
            ["models", "inspect"], ["embed"], ["train"], ["evaluate"], ["distances"], ["score"],
            ["search"], ["benchmark"], ["tokenize"], ["embed-text"],
        ])
    func help(command: [String]) throws {
        let run = try BuiltProgram.run(command + ["--help"], environment: withoutEngine)
        #expect(run.status == 0)
        #expect(run.output.contains("USAGE: reident \(command.joined(separator: " "))"))
        #expect(run.errors.isEmpty)
    }

    @Test("tells its version")
    func version() throws {
        let run = try reident("--version")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("reident "))
    }

    @Test(
        "refuses what it does not understand with exit code 64",
        arguments: [
            ["bogus"], ["--bogus"], ["models", "bogus"], ["embed"], ["embed", "a.png"],
            ["embed", "a.png", "--model", "m", "--out", "o", "--bogus"],
            ["embed", "a.png", "--model", "m", "--out", "o", "--precision", "fp8"],
            ["embed", "a.png", "--model", "m", "--out", "o", "--preprocess", "crop"],
            ["embed", "a.png", "--model", "m", "--out", "o", "--batch-size", "0"],
            ["embed", "-x.png", "--model", "m", "--out", "o"],
            ["evaluate", "data", "--model", "m", "--split", "everything"],
            ["distances", "data", "--model", "m", "--out", "distances.txt"],
            ["distances", "--model", "m", "--out", "distances.csv"],
            ["search", "a.png", "--gallery", "g", "--model", "m", "-k", "0"],
            ["models", "create", "--arch", "ViT-B-32", "--out", "o"],
            ["score", "a.csv", "--k1", "0"], ["score", "a.csv", "--lambda", "1.5"],
        ])
    func refuses(arguments: [String]) throws {
        expectFailure(try BuiltProgram.run(arguments), code: 64)
    }

    @Test("lists architectures with sizes, parameters and where weights come from")
    func list() throws {
        let run = try BuiltProgram.run(
            ["models", "list", "--json"], environment: withoutEngine)
        #expect(run.status == 0)
        let rows = try run.objects()
        let row = try #require(rows.first { $0["name"] as? String == "ViT-B-16-quickgelu" })
        #expect(row["activation"] as? String == "quick_gelu")
        #expect(row["image_size"] as? Int == 224)
        #expect(row["feature_dimension"] as? Int == 768)
        #expect(row["embedding_dimension"] as? Int == 512)
        #expect(row["parameters"] as? Int == 149_620_737)  // as open_clip counts them
        let weights = try #require(row["weights"] as? [[String: String]])
        #expect(weights.allSatisfy { $0["address"]?.hasPrefix("https://") == true })
        #expect(!weights.isEmpty)
    }

    @Test(
        "says in a sentence that its output cannot be written",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func fullDisk() throws {
        let run = try BuiltProgram.run(["models", "list"], outputPath: "/dev/full")
        #expect(run.status == 73)
        #expect(run.errors.hasPrefix("reident: standard output: "))
    }
}
