// Where the bytes of one image come from: a file, or an entry of an archive.
//
// SPDX-License-Identifier: MIT

/// Something whose bytes can be read, on any thread and as often as needed.
public enum ByteSource: Sendable, CustomStringConvertible {
    /// A file by its path.
    case file(String)
    /// A file inside a zip archive by its name there.
    case zipEntry(ZipArchive, name: String)

    /// The path for messages; for an entry `archive.zip:inner/name.jpeg`.
    public var description: String {
        switch self {
        case .file(let path): path
        case .zipEntry(let archive, let name): "\(archive.path):\(name)"
        }
    }

    /// Reads all bytes.
    ///
    /// - Throws: `FileError`: `inputNotFound` if the file cannot be read, `badData` if an archive
    ///   is damaged.
    public func read() throws(FileError) -> [UInt8] {
        switch self {
        case .file(let path): try MappedFile(path: path).withUnsafeBytes { Array($0) }
        case .zipEntry(let archive, let name): try archive.read(name)
        }
    }
}
