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
    private var change: Change?

    /// What may be done to a decoded picture before it is prepared.
    public typealias Change = @Sendable (Image) throws(ImageError) -> Image

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

    /// The same image with its decoded picture changed, on whichever thread prepares it.
    ///
    /// - Parameter change: Takes the decoded picture; a change that was there before comes first.
    /// - Returns: A source of the same name.
    public func changed(by change: @escaping Change) -> ImageSource {
        var result = self
        let earlier = self.change
        result.change = { (image) throws(ImageError) in
            try change(earlier?(image) ?? image)
        }
        return result
    }

    /// Reads and decodes the image, and changes it where that was asked for.
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
        let image = try ImageDecoder.decode(bytes, name: name)
        return try change?(image) ?? image
    }
}
