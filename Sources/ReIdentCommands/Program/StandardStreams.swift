// Standard output and standard error: results go to one, everything else to the other.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import Synchronization

/// Standard output, for results alone.
enum StandardOutput {
    /// Writes a text whole.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` if it is closed or its disk is full.
    static func write(text: String) throws(FileError) {
        guard writeAll(text, to: STDOUT_FILENO) else {
            if errno == EPIPE { endByBrokenPipe() }
            throw FileError.cannotWrite(
                "standard output", "cannot be written: \(String(cString: strerror(errno))).")
        }
    }

    /// Writes a text whole.
    ///
    /// - Returns: The exit code that follows from it.
    static func write(_ text: String) -> Int32 {
        do {
            try write(text: text)
            return 0
        } catch {
            StandardError.write(line: "reident: \(error.description)")
            return error.kind.rawValue
        }
    }

    /// The reader (`head`, a pager) has seen enough: the process ends quietly as others do.
    private static func endByBrokenPipe() {
        UnfinishedOutputs.removeAll()
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
}

/// Standard error, where progress, remarks and errors take turns.
enum StandardError {
    /// Whether a person looks on.
    static let isTerminal = isatty(STDERR_FILENO) != 0

    /// Whether the last line is one that will be rewritten.
    private static let hasOpenLine = Mutex(false)

    /// Writes a line; a line of progress is removed before.
    static func write(line: String) {
        hasOpenLine.withLock { isOpen in
            _ = writeAll((isOpen ? eraseLine : "") + line + "\n", to: STDERR_FILENO)
            isOpen = false
        }
    }

    /// Writes a line that the next one replaces.
    static func rewrite(line: String) {
        hasOpenLine.withLock { isOpen in
            _ = writeAll(eraseLine + line.prefix(columns - 1), to: STDERR_FILENO)
            isOpen = true
        }
    }

    /// Back to the first column, and nothing to the right of it (ECMA-48).
    private static let eraseLine = "\r\u{1B}[K"

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }
}

/// Writes all bytes of a text to an open file.
private func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes {
            Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        if written < 0 {
            if errno == EINTR { continue }
            return false
        }
        rest = rest.dropFirst(written)
    }
    return true
}
