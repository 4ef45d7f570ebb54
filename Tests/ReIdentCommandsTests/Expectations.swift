// How the tests of commands start the program and what they expect of a failure.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

/// Runs the program with some arguments.
func reident(
    _ arguments: String..., environment: [String: String] = [:], in folder: String? = nil
) throws -> ProgramResult {
    try BuiltProgram.run(arguments, environment: environment, in: folder)
}

/// The environment of a machine without the engine.
let withoutEngine = ["REIDENT_ENGINE": "/nonexistent/engine"]

/// Expects a failure: its exit code, a sentence on standard error, nothing on standard output.
func expectFailure(
    _ run: ProgramResult, code: Int32, saying words: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(run.status == code, "\(run.errors)", sourceLocation: sourceLocation)
    #expect(run.output.isEmpty, sourceLocation: sourceLocation)
    let lines = run.errors.split(separator: "\n")
    #expect(
        lines.contains { $0.hasPrefix("reident: ") }, "\(run.errors)",
        sourceLocation: sourceLocation)
    for word in words {
        #expect(
            run.errors.contains(word), "lacks '\(word)': \(run.errors)",
            sourceLocation: sourceLocation)
    }
}
