// The program `reident` as it was built beside the tests, run as a user runs it.
//
// SPDX-License-Identifier: MIT

public import Foundation

/// What a run of the program left behind.
public struct ProgramResult: Sendable {
    /// The exit code; a signal's number plus 128 if one ended the program.
    public let status: Int32
    /// Standard output.
    public let output: String
    /// Standard error.
    public let errors: String

    /// Standard output as a JSON object.
    public func object() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
    }

    /// Standard output as a JSON array of objects.
    public func objects() throws -> [[String: Any]] {
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]] ?? []
    }
}

/// The built program.
public enum BuiltProgram {
    /// Beside the test bundle, where SwiftPM puts both.
    public static let path: String = {
        let beside = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "reident").path
        return FileManager.default.isExecutableFile(atPath: beside)
            ? beside : SharedData.projectRoot.appending(path: ".build/debug/reident").path
    }()

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - program: The program's file; a copy of it looks for what it needs elsewhere.
    ///   - environment: Added to the test's own.
    ///   - folder: Where it runs; nil for the test's own.
    ///   - outputPath: A file that standard output goes to; nil to have it returned.
    ///   - errorsPath: A file that standard error goes to, which can be read meanwhile.
    ///   - fileBlocks: The largest file that may be written, in blocks of 512 bytes; nil for any.
    ///   - whileRunning: Called with the started process, for example to send it signals.
    /// - Returns: Exit code and what was printed.
    /// - Throws: The system's error if the program cannot be started.
    public static func run(
        _ arguments: [String], program: String = path, environment: [String: String] = [:],
        in folder: String? = nil, outputPath: String? = nil, errorsPath: String? = nil,
        fileBlocks: Int? = nil, whileRunning: (Process) throws -> Void = { _ in }
    ) throws -> ProgramResult {
        let place = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        if let fileBlocks {
            // As on a disk that is nearly full: the shell's limit goes over to what it runs.
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -f \(fileBlocks); exec \"$0\" \"$@\"", program] + arguments
        }
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { _, new in new }
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        process.standardInput = FileHandle.nullDevice
        // Files, because a pipe that nobody empties stops the program.
        let output = outputPath ?? place.file("output")
        let errors = errorsPath ?? place.file("errors")
        for file in [output, errors] where !FileManager.default.fileExists(atPath: file) {
            try Data().write(to: URL(filePath: file))
        }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try process.run()
        try whileRunning(process)
        process.waitUntilExit()
        let wasKilled = process.terminationReason == .uncaughtSignal
        return ProgramResult(
            status: process.terminationStatus + (wasKilled ? 128 : 0),
            output: outputPath == nil ? try String(contentsOfFile: output, encoding: .utf8) : "",
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}
