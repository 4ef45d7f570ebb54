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
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw Output.writeFailure(path)
            }
            rest = rest.dropFirst(written)
        }
    }
}
