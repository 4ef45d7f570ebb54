// Run folders and images that turn bad between the steps of a training.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite(
    "Damaged runs", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct DamagedRunTests {
    let place: Workplace
    let run: String

    init() throws {
        place = try Workplace()
        run = place.file("run")
    }

    private func arguments(_ more: [String]) throws -> [String] {
        [
            "train", try place.players("players", count: 6), "--model", try place.model(), "--out",
            run, "--batch-size", "2", "--epochs", "2", "--validation", "0", "--test-identities",
            "0",
        ] + more
    }

    /// A run that stopped after two steps.
    private func begun() throws -> [String] {
        let result = try BuiltProgram.run(arguments(["--max-steps", "2"]))
        #expect(result.status == 0, "\(result.errors)")
        return try arguments(["--resume"])
    }

    /// Ways in which a saved state can be wrong.
    enum StateDamage: String, CaseIterable, Sendable {
        case empty, cut, text, noHeader, headerOfOthers, negative, halfPrecision, otherShape

        /// Replaces the file.
        func apply(to path: String) throws {
            let file = try SafetensorsFile(path: path)
            let whole = try Data(contentsOf: URL(filePath: path))
            var metadata = file.metadata
            var replaced: SafetensorsWriter.Tensor?
            let first = try #require(file.names.first { $0.hasPrefix("parameter/") })
            let shape = try #require(file.tensors[first]).shape
            let values = try file.floats(first)
            switch self {
            case .empty: return try Data().write(to: URL(filePath: path))
            case .cut: return try whole.dropLast(99).write(to: URL(filePath: path))
            case .text: return try Data("state".utf8).write(to: URL(filePath: path))
            case .noHeader: metadata = [:]
            case .headerOfOthers: metadata = metadata.mapValues { _ in #"{"position": 3}"# }
            case .negative:
                metadata = metadata.mapValues {
                    $0.replacing("\"batchInEpoch\":2", with: "\"batchInEpoch\":-2")
                }
                #expect(metadata != file.metadata)
            case .halfPrecision:
                replaced = .init(name: first, shape: shape, values: values, as: .float16)
            case .otherShape:
                replaced = .init(name: first, shape: [values.count, 1, 1], values: values)
            }
            let tensors = try file.names.map { name in
                if let replaced, name == first { return replaced }
                return SafetensorsWriter.Tensor(
                    name: name, elementType: .float32,
                    shape: try #require(file.tensors[name]).shape,
                    bytes: try file.bytes(of: name))
            }
            try SafetensorsWriter.write(
                to: path, tensors: tensors, metadata: metadata, force: true)
        }
    }

    @Test(
        "a saved state that was damaged is refused, and left as it was",
        arguments: StateDamage.allCases)
    func damagedState(damage: StateDamage) throws {
        let resuming = try begun()
        try damage.apply(to: "\(run)/state")
        let before = try Data(contentsOf: URL(filePath: "\(run)/state"))
        expectFailure(try BuiltProgram.run(resuming), code: 65, saying: ["run"])
        #expect(try Data(contentsOf: URL(filePath: "\(run)/state")) == before)
        #expect(try place.names(in: "run").contains("last"))
    }

    @Test("a log that ends within a line is mended when training goes on")
    func cutLog() throws {
        let resuming = try begun()
        let log = "\(run)/steps.jsonl"
        let whole = try String(contentsOfFile: log, encoding: .utf8)
        // The second line cut, and after it what no line should be.
        let lines = whole.split(separator: "\n")
        try place.write(
            "\(lines[0])\n\(lines[1])\nnot a line\n\u{0}\n\(lines[1].prefix(9))",
            to: "run/steps.jsonl")
        let resumed = try BuiltProgram.run(resuming)
        #expect(resumed.status == 0, "\(resumed.errors)")
        let found = try String(contentsOfFile: log, encoding: .utf8)
        #expect(found.hasPrefix(whole))
        let steps = try found.split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
        #expect(steps.map { $0?["step"] as? Int } == Array(1...steps.count))
    }

    @Test("a training that meets a bad image has saved what came before")
    func badImage() throws {
        let resuming = try begun()
        for player in 0..<6 {
            try place.write("no image", to: "players/player\(player)/0.png")
        }
        let failed = try BuiltProgram.run(resuming)
        #expect(failed.status == 65, "\(failed.errors)")
        #expect(failed.errors.contains("/0.png: holds text"), "\(failed.errors)")
        #expect(failed.errors.contains("is saved. Replace the image"), "\(failed.errors)")
        // The arguments come with good images.
        let resumed = try BuiltProgram.run(arguments(["--resume"]))
        #expect(resumed.status == 0, "\(resumed.errors)")
    }
}
