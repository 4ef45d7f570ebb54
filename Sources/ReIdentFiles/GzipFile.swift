// Unpacks gzip files, over zlib: CLIP's vocabulary is one.
// Deutsch, GZIP file format specification, RFC 1952.
//
// SPDX-License-Identifier: MIT

internal import CZlib
import ReIdentFoundation

/// Files packed by gzip.
public enum GzipFile {
    /// The most that is unpacked unless another limit is given, in bytes.
    ///
    /// A packed file can stand for a thousand times its size.
    public static let largestContents = 64 << 20

    /// Whether bytes begin as a gzip file does.
    public static func isRecognized(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    /// Unpacks a whole file of one or more members.
    ///
    /// - Parameters:
    ///   - bytes: The packed file.
    ///   - path: Its name for messages.
    ///   - limit: The most bytes that are unpacked.
    /// - Returns: The contents.
    /// - Throws: `FileError.badData` if it is no gzip file, is cut short or damaged, or holds more
    ///   than `limit`.
    public static func contents(
        of bytes: [UInt8], path: String, limit: Int = largestContents
    ) throws(FileError) -> [UInt8] {
        guard isRecognized(bytes) else {
            throw .badData(path, "is not packed by gzip, which was expected. Name another file.")
        }
        var stream = z_stream()
        let gzipOnly: Int32 = 16 + MAX_WBITS
        guard
            inflateInit2_(
                &stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else {
            throw FileError(
                kind: .internalFault, path: path, problem: "zlib cannot be started here.")
        }
        defer { inflateEnd(&stream) }
        var contents: [UInt8] = []
        let code = unpack(bytes, with: &stream, into: &contents, limit: limit)
        if contents.count > limit {
            throw .badData(
                path,
                "holds more than \(limit >> 20) MiB when unpacked, which no file of its kind does. "
                    + "Name another file.")
        }
        guard code == Z_STREAM_END else {
            throw .badData(
                path,
                (code == Z_BUF_ERROR || code == Z_OK
                    ? "ends before its contents do." : "is damaged: gzip cannot unpack it.")
                    + " Copy or download it again.")
        }
        return contents
    }

    /// Unpacks member after member; returns zlib's last code.
    private static func unpack(
        _ bytes: [UInt8], with stream: inout z_stream, into contents: inout [UInt8], limit: Int
    ) -> Int32 {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        return bytes.withUnsafeBufferPointer { source in
            // zlib reads through a pointer that it declares mutable and never writes to.
            stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.avail_in = UInt32(clamping: source.count)
            while true {
                let (code, count) = chunk.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    let code = inflate(&stream, Z_NO_FLUSH)
                    return (code, target.count - Int(stream.avail_out))
                }
                contents += chunk[..<count]
                guard contents.count <= limit else { return code }
                if code == Z_STREAM_END, stream.avail_in > 0 {
                    guard inflateReset(&stream) == Z_OK else { return Z_DATA_ERROR }
                    continue
                }
                guard code == Z_OK, count > 0 || stream.avail_in > 0 else { return code }
            }
        }
    }
}
