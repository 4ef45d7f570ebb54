// Logs that grow line by line and can be read at any moment, unlike outputs that appear whole.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A file that is added to while others read it.
public enum AppendedFile {
    /// Adds bytes at the end of a file, which is made if it is not there.
    ///
    /// They are in the file when this returns; after an error a part of them may be.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, for example when the disk is full.
    public static func append(_ bytes: [UInt8], to path: String) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Output.writeFailure(path) }
        defer { close(descriptor) }
        // `withUnsafeBytes` of arrays does not carry the type of an error; `Result` does.
        try bytes.withUnsafeBytes { raw in
            Result { () throws(FileError) in
                try Output.write(raw, to: descriptor, path: path)
            }
        }.get()
    }
}
