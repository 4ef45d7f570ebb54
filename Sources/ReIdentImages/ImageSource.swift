// Where the bytes of an image come from: a file, an archive, memory.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
import ReIdentFoundation

/// One image that has not been read yet.
public struct ImageSource: Sendable {
    /// What messages call it, usually its path.
    public let name: String
    private let read: @Sendable () throws -> [UInt8]

    /// An image whose bytes a closure gets, on whichever thread prepares it.
    ///
    /// - Parameters:
    ///   - name: What messages call it, usually its path.
    ///   - read: Returns the whole file. What it throws becomes `ImageError.unreadable`, with the
    ///     kind of the error where it is a `DiagnosedError`.
    public init(name: String, read: @escaping @Sendable () throws -> [UInt8]) {
        self.name = name
        self.read = read
    }

    /// An image in a file or an archive.
    public init(_ bytes: ByteSource) {
        self.init(name: bytes.description) { try bytes.read() }
    }

    /// An image in a file.
    public init(path: String) {
        self.init(.file(path))
    }

    /// Reads and decodes the image.
    ///
    /// - Throws: `ImageError`.
    public func decoded() throws(ImageError) -> Image {
        let bytes: [UInt8]
        do {
            bytes = try read()
        } catch let error as any DiagnosedError {
            throw .unreadable(name: name, kind: error.kind, reason: error.description)
        } catch {
            throw .unreadable(
                name: name, kind: .inputNotFound,
                reason: "\(error). Check that it exists and may be read.")
        }
        return try ImageDecoder.decode(bytes, name: name)
    }
}
