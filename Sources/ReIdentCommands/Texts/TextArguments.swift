// What all commands do that take texts.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP

/// Texts given on the command line.
enum TextArguments {
    /// Refuses arguments that are no texts.
    ///
    /// Swift replaces bytes that are not in UTF-8; so what was really given is looked at.
    static func require(_ texts: [String]) throws {
        guard texts.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else { return }
        for place in 1..<max(1, Int(CommandLine.argc)) {
            guard let bytes = CommandLine.unsafeArgv[place] else { continue }
            guard String(validatingCString: bytes) != nil else {
                throw ReIdentError.notText(place: "Argument \(place)")
            }
        }
    }

    /// Says that a text was too long for the model.
    static func warn(of tokens: TokenizedText, text: String, output: OutputOptions) {
        guard tokens.isCut else { return }
        let start = text.count > 40 ? "\(text.prefix(40))…" : text
        output.warn(
            "'\(start)' has \(tokens.wholeCount) tokens, start and end included; the last "
                + "\(tokens.wholeCount - tokens.tokens.count) are cut off, since the model takes "
                + "\(tokens.tokens.count).")
    }
}
