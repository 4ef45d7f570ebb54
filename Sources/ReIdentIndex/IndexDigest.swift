// Checksums of large files: stretches are digested on all cores.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentFoundation
import Synchronization

/// The SHA-256 of lines that say everything in a file.
enum IndexDigest {
    /// Bytes that are digested together.
    private static let stretch = 1 << 22

    /// The digest of a first line, of texts but the digest itself, and of bytes.
    ///
    /// The lines are the first one; the texts with their names, sorted, each by its own SHA-256;
    /// then the SHA-256 of each stretch of the bytes.
    static func hexadecimal(
        _ first: String, texts: [String: String], bytes: [UnsafeRawBufferPointer]
    ) throws(IndexError) -> String {
        var lines = [first]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) where name != "digest" {
            lines.append(
                "\(name) "
                    + (try IndexError.carrying { () throws(FileError) in
                        try MessageDigest.sha256.hexadecimal(of: text)
                    }))
        }
        for part in bytes { lines += try digests(of: part) }
        let text = lines.joined(separator: "\n")
        return try IndexError.carrying { () throws(FileError) in
            try MessageDigest.sha256.hexadecimal(of: text)
        }
    }

    private static func digests(of bytes: UnsafeRawBufferPointer) throws(IndexError) -> [String] {
        let count = (bytes.count + stretch - 1) / stretch
        let shared = ReadOnlyBytes(bytes)
        let results = Mutex([Result<String, FileError>?](repeating: nil, count: count))
        parallelForEach(count: count) { index in
            let range = index * stretch..<min(shared.pointer.count, (index + 1) * stretch)
            let digest = Result { () throws(FileError) in
                try MessageDigest.sha256.hexadecimal(
                    of: UnsafeRawBufferPointer(rebasing: shared.pointer[range]))
            }
            results.withLock { $0[index] = digest }
        }
        let digests = results.withLock { $0 }
        return try IndexError.carrying { () throws(FileError) in
            var found: [String] = []
            for digest in digests { found.append(try digest?.get() ?? "") }
            return found
        }
    }
}

// SAFETY: nobody writes to the memory while a value of this type exists.
private struct ReadOnlyBytes: @unchecked Sendable {
    let pointer: UnsafeRawBufferPointer
    init(_ pointer: UnsafeRawBufferPointer) { self.pointer = pointer }
}
