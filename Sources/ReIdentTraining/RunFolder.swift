// The folder of a training: its logs, packages and state, and the order in which they are written
// so that whatever moment the process dies at, what is there fits together.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// A training's folder.
struct RunFolder {
    let path: String

    var lastPackage: String { "\(path)/last" }
    var bestPackage: String { "\(path)/best" }
    var statePath: String { "\(path)/state" }
    private var stepsPath: String { "\(path)/steps.jsonl" }
    private var epochsPath: String { "\(path)/epochs.jsonl" }

    /// What a run writes: only a folder of nothing else is replaced.
    private static let contents = [
        "steps.jsonl", "epochs.jsonl", "state", "last", "best", TrainingLogs.pageName,
    ]

    /// Checks that the folder can be made, before work is spent.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` if it exists and `force` is not given, if it
    ///   holds anything that is not a run's, or if its parent is missing.
    static func check(_ path: String, force: Bool) throws(FileError) {
        try OutputFolder.check(path, force: force, replacingOnlyWith: contents)
    }

    /// Makes the folder, empty.
    ///
    /// - Throws: As `check(_:force:)`.
    func create(force: Bool) throws(FileError) {
        try OutputFolder(path: path, force: force, replacingOnlyWith: Self.contents).finish()
    }

    /// Removes a folder that nothing was saved to: it would only be in the way of the next start.
    func remove() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where Self.contents.contains(name) {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        rmdir(path)  // does nothing where other things are left
    }

    /// Adds a line at once: it is in the file when this returns.
    func append(_ record: StepRecord) throws { try append(record, to: stepsPath) }

    /// Adds a line at once: it is in the file when this returns.
    func append(_ record: EpochRecord) throws { try append(record, to: epochsPath) }

    /// Drops the lines of what will be done again from the saved position on.
    func cutLogs(at position: TrainingPosition) throws {
        try cut(stepsPath) { (record: StepRecord) in record.step <= position.step }
        try cut(epochsPath) { (record: EpochRecord) in
            record.epoch == 0 || record.epoch < position.epoch
        }
    }

    /// The lines of `steps.jsonl`.
    func steps() throws -> [StepRecord] { try records(in: stepsPath) }

    /// The lines of `epochs.jsonl`.
    func epochs() throws -> [EpochRecord] { try records(in: epochsPath) }

    private func append(_ record: some Encodable, to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var line = Array(try encoder.encode(record))
        line.append(UInt8(ascii: "\n"))
        try AppendedFile.append(line, to: file)
    }

    /// Whole lines only: the last one may have been cut off by the process's end.
    private func records<Record: Decodable>(in file: String) throws -> [Record] {
        guard let contents = FileManager.default.contents(atPath: file) else { return [] }
        return contents.split(separator: UInt8(ascii: "\n")).compactMap { line in
            try? JSONDecoder().decode(Record.self, from: line)
        }
    }

    private func cut<Record: Codable>(_ file: String, keeping: (Record) -> Bool) throws {
        let kept: [Record] = try records(in: file).filter(keeping)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let lines = try kept.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        try OutputFile.write(lines.joined(), to: file, force: true)
    }
}
