// Carries out the steps of a reproduction, each as a process of this program: what one step used is
// given back before the next, and what is printed can be typed again.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import Synchronization

/// Why a reproduction did not come to its end.
struct ReproductionError: DiagnosedError {
    let kind: FailureKind
    let description: String

    init(kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// Runs steps and keeps their results.
struct ReproductionRunner {
    let plan: ReproductionPlan
    let output: OutputOptions

    /// Where a step's result is kept.
    func resultPath(_ name: String) -> String { "\(plan.folder)/results/\(name).json" }

    /// The result of a step that was done, as its command printed it.
    func result(_ name: String) -> Data? {
        FileManager.default.contents(atPath: resultPath(name))
    }

    /// Carries out what is not done yet.
    ///
    /// - Throws: `ReproductionError` of the kind that the failed command's exit code says.
    func run() async throws {
        try FileManager.default.createDirectory(
            atPath: "\(plan.folder)/results", withIntermediateDirectories: true)
        let steps = plan.steps
        for (index, step) in steps.enumerated() {
            let place = "Step \(index + 1) of \(steps.count): \(step.title)"
            if result(step.name) != nil {
                output.note("\(place): done before.")
                continue
            }
            output.note("\(place)\n  \(step.command)")
            let printed = try await execute(step)
            try OutputFile.write(Array(printed), to: resultPath(step.name), force: true)
        }
    }

    /// Runs one command to its end.
    ///
    /// - Returns: What it printed.
    private func execute(_ step: ReproductionStep) async throws -> Data {
        let printed = "\(plan.folder)/results/.\(step.name).printed"
        defer { unlink(printed) }
        let arguments = step.currentArguments + ["--json"] + (output.quiet ? ["--quiet"] : [])
        let child = ChildProgram()
        let status = try await withTaskCancellationHandler {
            try await child.run(arguments, outputPath: printed)
        } onCancel: {
            child.interrupt()
        }
        guard status == 0 else { throw failure(of: step, status: status) }
        guard let contents = FileManager.default.contents(atPath: printed), !contents.isEmpty else {
            throw ReproductionError(
                kind: .internalFault, "The step '\(step.title)' ended well and printed nothing.")
        }
        return contents
    }

    private func failure(of step: ReproductionStep, status: Int32) -> ReproductionError {
        let kind = FailureKind(rawValue: status) ?? .internalFault
        if kind == .interrupted {
            return ReproductionError(
                kind: kind,
                "Interrupted in the step '\(step.title)'. The same command goes on from there.")
        }
        return ReproductionError(
            kind: kind,
            "The step '\(step.title)' ended with exit code \(status); why is said above. The same "
                + "command goes on from there.")
    }
}

/// This program, run again with other arguments.
private final class ChildProgram: Sendable {
    private struct State {
        var process: pid_t?
        var isInterrupted = false
    }

    private let state = Mutex(State())

    /// Runs it to its end.
    ///
    /// - Returns: Its exit code; a signal's number plus 128 if one ended it.
    func run(_ arguments: [String], outputPath: String) async throws -> Int32 {
        let process = Process()
        let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        guard FileManager.default.createFile(atPath: outputPath, contents: nil),
            let sink = FileHandle(forWritingAtPath: outputPath)
        else { throw FileError.cannotWrite(outputPath, "cannot be written. Check the folder.") }
        process.standardOutput = sink
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { ended in
                let wasKilled = ended.terminationReason == .uncaughtSignal
                continuation.resume(returning: ended.terminationStatus + (wasKilled ? 128 : 0))
            }
            do {
                try process.run()
                started(process.processIdentifier)
            } catch {
                process.terminationHandler = nil
                continuation.resume(
                    throwing: ReproductionError(
                        kind: .internalFault, "\(path): cannot be started again: \(error)"))
            }
        }
    }

    /// Passes Ctrl-C on.
    func interrupt() {
        let process = state.withLock { state in
            state.isInterrupted = true
            return state.process
        }
        if let process { kill(process, SIGINT) }
    }

    private func started(_ process: pid_t) {
        let isInterrupted = state.withLock { state in
            state.process = process
            return state.isInterrupted
        }
        if isInterrupted { kill(process, SIGINT) }
    }
}
