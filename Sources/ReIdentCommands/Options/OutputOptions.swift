// How every command speaks: results on standard output, for people or as JSON; the rest on standard
// error.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation

/// Options of every command.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON value on standard output, and nothing else there.")
    var json = false

    @Flag(name: .shortAndLong, help: "Say nothing on standard error but warnings and errors.")
    var quiet = false

    /// Prints the result of a command.
    ///
    /// - Parameters:
    ///   - value: What scripts get: sorted keys, slashes as they are.
    ///   - text: What people get; an empty text prints nothing.
    /// - Throws: `FileError` of kind `cannotWrite` if standard output is closed or full.
    func print(_ value: some Encodable, text: @autoclosure () -> String) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try StandardOutput.write(
                text: String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
        } else {
            let text = text()
            if !text.isEmpty { try StandardOutput.write(text: text + "\n") }
        }
    }

    /// Says something that is good to know.
    func note(_ text: String) {
        if !quiet { StandardError.write(line: text) }
    }

    /// Says something that a person should not miss.
    func warn(_ text: String) {
        StandardError.write(line: "reident: warning: \(text)")
    }

    /// A meter for one piece of work.
    func meter(
        _ activity: String, unit: String = "images", doneBefore: Int = 0
    ) -> ProgressMeter {
        ProgressMeter(activity, unit: unit, doneBefore: doneBefore, isSilent: quiet)
    }
}
