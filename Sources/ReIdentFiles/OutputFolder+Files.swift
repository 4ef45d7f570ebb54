// Files of a folder that is being filled, written from several threads.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Writes files into a folder that is not in its place yet; `OutputFolder.finish()` makes them
/// last.
public struct StagedFiles: Sendable {
    /// The destination as the caller named it, for messages.
    public let path: String
    private let staging: String

    init(path: String, staging: String) {
        self.path = path
        self.staging = staging
    }

    /// Writes a whole file; folders on the way are made.
    ///
    /// - Parameters:
    ///   - bytes: Its contents.
    ///   - name: A path relative to the folder, without `..`.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(_ bytes: [UInt8], to name: String) throws(FileError) {
        try UnfinishedOutputs.write { () throws(FileError) in try put(bytes, name) }
    }

    private func put(_ bytes: [UInt8], _ name: String) throws(FileError) {
        let file = "\(staging)/\(name)"
        var descriptor = open(file, O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0o666)
        if descriptor < 0, errno == ENOENT {
            try? FileManager.default.createDirectory(
                atPath: Output.parentFolder(of: file), withIntermediateDirectories: true)
            descriptor = open(file, O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0o666)
        }
        guard descriptor >= 0 else { throw Output.writeFailure("\(path)/\(name)") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Foundation.write(
                    descriptor, raw.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Output.writeFailure("\(path)/\(name)")
            }
            written += count
        }
    }
}

extension OutputFolder {
    /// Writes files into the folder, from any thread, until it is finished.
    public var files: StagedFiles { StagedFiles(path: path, staging: staging) }
}
