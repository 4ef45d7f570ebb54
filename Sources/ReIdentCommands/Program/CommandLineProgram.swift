// Runs the program: parses, obeys interruptions, and turns every error into a sentence and an exit
// code. The only place that does the latter.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdentFoundation

/// The program `reident` as a function of its arguments.
public enum CommandLineProgram {
    /// Runs the program with the process's arguments and ends the process.
    public static func main() async -> Never {
        // A reader that has gone shows as an error of the write, after which outputs are tidied up.
        signal(SIGPIPE, SIG_IGN)
        // So does a limit on the size of files (`ulimit -f`), which would end the process.
        signal(SIGXFSZ, SIG_IGN)
        let code = await run(Array(CommandLine.arguments.dropFirst()))
        exit(code)
    }

    /// Runs one command.
    ///
    /// - Parameter arguments: Without the program's name.
    /// - Returns: The exit code, a `FailureKind` or 0.
    public static func run(_ arguments: [String]) async -> Int32 {
        let state = InterruptibleWork()
        let work = Task {
            var command = try RootCommand.parseAsRoot(arguments)
            state.begins(command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        }
        let interruption = Interruption(of: state) { work.cancel() }
        defer { interruption.end() }
        do {
            try await work.value
            return 0
        } catch {
            return report(error)
        }
    }

    /// Tells the person what went wrong, and scripts of which kind it is.
    private static func report(_ error: any Error) -> Int32 {
        if let error = error as? any DiagnosedError {
            StandardError.write(line: "reident: \(error.description)")
            if error.kind == .internalFault { askForReport() }
            return error.kind.rawValue
        }
        if error is CancellationError {
            StandardError.write(line: "reident: Interrupted; nothing was written.")
            return FailureKind.interrupted.rawValue
        }
        let code = RootCommand.exitCode(for: error)
        if code == .success {
            // Help and version are answers, not errors.
            return StandardOutput.write(RootCommand.fullMessage(for: error) + "\n")
        }
        if code == .validationFailure {
            StandardError.write(line: RootCommand.fullMessage(for: error))
            return FailureKind.usage.rawValue
        }
        StandardError.write(line: "reident: \(error)")
        askForReport()
        return FailureKind.internalFault.rawValue
    }

    private static func askForReport() {
        StandardError.write(
            line: "This is a fault of ReIdent. Please report it with the command and this message.")
    }
}
