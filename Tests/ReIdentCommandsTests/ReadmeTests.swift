// The commands that README.md shows, run one after the other on stand-ins for what it names:
// weights, crops and matrices of a size that takes no time.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("README", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct ReadmeTests {
    /// The commands of indented and fenced blocks in their order, then those inside sentences.
    private static func commands() throws -> [String] {
        let readme = SharedData.projectRoot.appending(path: "README.md")
        var blocks: [String] = []
        var sentences: [String] = []
        var isFenced = false
        for line in try String(contentsOf: readme, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                isFenced.toggle()
            } else if isFenced || line.hasPrefix("    ") {
                let command = line.trimmingCharacters(in: .whitespaces)
                if command.hasPrefix("reident ") || command.hasPrefix("mkdir ") {
                    blocks.append(command)
                }
            } else {
                // Every second piece between backticks is code.
                for (place, code) in line.components(separatedBy: "`").enumerated()
                where place % 2 == 1 && code.hasPrefix("reident ") {
                    sentences.append(code)
                }
            }
        }
        return blocks + sentences
    }

    /// What the commands name, under the names they use.
    private func standIns() throws -> Workplace {
        let place = try Workplace()
        for name in ["PACKAGE", "A", "B"] { _ = try place.model(name) }
        try FileManager.default.copyItem(
            atPath: place.file("PACKAGE/model.safetensors"),
            toPath: place.file("open_clip_model.safetensors"))
        _ = try place.players("data/players", count: 80)
        _ = try place.textModel("CLIP")
        try FileManager.default.moveItem(
            atPath: place.file("texts.json"), toPath: place.file("ARCH.json"))
        try words(in: place)
        try FileManager.default.createSymbolicLink(
            atPath: place.file("Models"),
            withDestinationPath: SharedData.projectRoot.appending(path: "Models").path)
        try place.image("query.jpg", seed: 7)
        for seed in 0..<3 { try place.image("crops/\(seed).png", seed: UInt64(seed)) }
        try place.write("0,1,2,1\n1,0.1,0.2,0.4\n2,0.3,0.1,0.2\n", to: "distances.csv")
        // As a whole, the folder is a data set with a challenge part.
        var rows = ["path,identity,camera,split,role"]
        for player in 0..<4 {
            for index in 0..<3 {
                rows.append(
                    "players/player\(player)/\(index).png,,,challenge,"
                        + (index == 0 ? "query" : "gallery"))
            }
        }
        try place.write(rows.joined(separator: "\n"), to: "data/manifest.csv")
        return place
    }

    /// Crops with captions and numbers.
    private func words(in place: Workplace) throws {
        for name in ["captions", "numbers"] {
            var rows = ["path,identity,camera,split,role,number,caption"]
            for index in 0..<8 {
                try place.image("data/\(name)/\(index).png", seed: UInt64(index))
                rows.append("\(index).png,\(index),,train,,\(index),number \(index)")
            }
            try place.write(rows.joined(separator: "\n"), to: "data/\(name)/manifest.csv")
        }
    }

    /// The command with a tiny architecture in the place of a published one, and what takes long
    /// cut short.
    private func adapted(_ command: String, known: Set<String>) -> String {
        var words = command.split(separator: " ").map(String.init)
        if let place = words.firstIndex(of: "--arch"), place + 1 < words.count,
            known.contains(words[place + 1])
        {
            words[place + 1] = "tiny.json"
        }
        if words.starts(with: ["reident", "benchmark"]) {
            words += ["--no-linear", "--repeats", "1"]
        }
        if words.starts(with: ["reident", "synthesize"]) {
            words += ["--players", "2", "--test-players", "2", "--images-per-player", "4"]
        }
        if words.starts(with: ["reident", "pretrain"]) {
            words += ["--batch-size", "4", "--epochs", "1", "--validation", "0"]
        }
        // What needs the internet or hours is only asked whether it is understood.
        if words.contains("fetch") || words.contains("reproduce") { words.append("--help") }
        return words.joined(separator: " ")
    }

    @Test("every command it shows is understood and succeeds")
    func commandsSucceed() throws {
        let listed = try BuiltProgram.run(["models", "list", "--json"]).objects()
        let known = Set(listed.compactMap { $0["name"] as? String })
        let commands = try Self.commands()
        #expect(commands.count >= 10, "README.md shows fewer commands than it did")
        let place = try standIns()
        for command in commands {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            let program = BuiltProgram.path.replacing("'", with: "'\\''")
            process.arguments = [
                "-c", "reident() { '\(program)' \"$@\"; }\n\(adapted(command, known: known))",
            ]
            process.currentDirectoryURL = URL(filePath: place.path)
            process.standardInput = FileHandle.nullDevice
            let errors = try place.write("", to: "errors.log")
            process.standardOutput = FileHandle.nullDevice
            process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
            try process.run()
            process.waitUntilExit()
            let said = try String(contentsOfFile: errors, encoding: .utf8)
            #expect(process.terminationStatus == 0, "README.md: '\(command)': \(said)")
        }
    }
}
