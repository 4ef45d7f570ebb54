// Reads zip archives in place, so that a data set need not be unpacked, over libzip.
//
// SPDX-License-Identifier: MIT

internal import CZip
import Foundation
import ReIdentFoundation

/// A zip archive open for reading.
// SAFETY: unchecked because of the archive's handle, which libzip allows one thread at a time to
// use; every use of it is inside `lock`. Everything else is constant.
public final class ZipArchive: @unchecked Sendable {
    /// One file of the archive.
    public struct Entry: Sendable, Equatable {
        /// The name with its folders, separated by slashes.
        public let name: String
        /// How many bytes the file has when unpacked, as the archive claims.
        public let size: Int
        fileprivate let index: UInt64
    }

    /// The largest entry that is unpacked, in bytes.
    ///
    /// An archive can claim a few kilobytes to be terabytes; no image comes near.
    public static let largestEntry = 1 << 30

    /// The path the archive was opened by.
    public let path: String
    /// The files in the order in which the archive lists them; folders are left out.
    public let entries: [Entry]

    private let handle: OpaquePointer
    private let lock = NSLock()
    private let positions: [String: Int]

    /// Opens an archive and reads its list of files.
    ///
    /// - Throws: `FileError`: `inputNotFound` if there is no such file, `badData` if it is no zip
    ///   archive, is damaged, or lists one name twice.
    public init(path: String) throws(FileError) {
        try InputPath.requireFile(path)
        var code: Int32 = 0
        guard let handle = zip_open(path, ZIP_RDONLY, &code) else {
            throw Self.openFailure(path, code: code)
        }
        do throws(FileError) {
            let entries = try Self.list(handle, path: path)
            var positions: [String: Int] = [:]
            for (position, entry) in entries.enumerated() {
                guard positions.updateValue(position, forKey: entry.name) == nil else {
                    throw FileError.badData(path, "lists the file '\(entry.name)' twice.")
                }
            }
            self.entries = entries
            self.positions = positions
        } catch {
            zip_discard(handle)
            throw error
        }
        self.path = path
        self.handle = handle
    }

    deinit { zip_discard(handle) }

    /// The file of that name, if the archive has one.
    public func entry(named name: String) -> Entry? {
        positions[name].map { entries[$0] }
    }

    /// Unpacks one file and checks its checksum.
    ///
    /// - Throws: `FileError`: `inputNotFound` if the archive has no such file, `badData` if the
    ///   file is encrypted, damaged or larger than `largestEntry`.
    public func read(_ name: String) throws(FileError) -> [UInt8] {
        guard let entry = entry(named: name) else {
            throw FileError(
                kind: .inputNotFound, path: path, problem: "holds no file '\(name)'.")
        }
        return try read(entry)
    }

    /// Unpacks one file and checks its checksum.
    ///
    /// - Throws: `FileError` as `read(_:)` for a name.
    public func read(_ entry: Entry) throws(FileError) -> [UInt8] {
        let name = "\(path):\(entry.name)"
        guard entry.size <= Self.largestEntry else {
            throw .badData(
                name,
                "claims to unpack to \(entry.size) bytes; at most \(Self.largestEntry) are read.")
        }
        lock.lock()
        defer { lock.unlock() }
        guard let file = zip_fopen_index(handle, entry.index, 0) else {
            throw Self.readFailure(name, zip_get_error(handle))
        }
        defer { zip_fclose(file) }
        // One byte more than announced makes libzip reach the end, where it checks the checksum,
        // and shows an entry that is longer than it claims.
        var count = 0
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: entry.size + 1) { buffer, filled in
            while count <= entry.size, let start = buffer.baseAddress {
                let got = zip_fread(file, start + count, UInt64(entry.size + 1 - count))
                failed = got < 0
                if got <= 0 { break }
                count += Int(got)
            }
            filled = count
        }
        guard !failed else { throw Self.readFailure(name, zip_file_get_error(file)) }
        guard count == entry.size else {
            throw .badData(
                name, "unpacks to another size than the \(entry.size) bytes the archive claims.")
        }
        return bytes
    }

    private static func list(
        _ handle: OpaquePointer, path: String
    ) throws(FileError) -> [Entry] {
        let count = zip_get_num_entries(handle, 0)
        var entries: [Entry] = []
        for index in 0..<UInt64(max(0, count)) {
            var status = zip_stat_t()
            guard zip_stat_index(handle, index, 0, &status) == 0, let name = status.name,
                let size = Int(exactly: status.size)
            else { throw .badData(path, "is damaged: its entry \(index + 1) cannot be listed.") }
            let text = String(cString: name)
            if text.hasSuffix("/") { continue }
            entries.append(Entry(name: text, size: size, index: index))
        }
        return entries
    }

    private static func openFailure(_ path: String, code: Int32) -> FileError {
        var error = zip_error_t()
        zip_error_init_with_code(&error, code)
        defer { zip_error_fini(&error) }
        switch code {
        case ZIP_ER_NOZIP:
            return .badData(
                path, "is no zip archive, or one whose end is missing. Was a download cut short?")
        case ZIP_ER_OPEN, ZIP_ER_READ, ZIP_ER_NOENT:
            return .unreadable(path, code: errno)
        default:
            return .badData(path, "cannot be read as a zip archive: \(reason(&error)).")
        }
    }

    private static func readFailure(
        _ name: String, _ error: UnsafeMutablePointer<zip_error_t>?
    ) -> FileError {
        guard let error else { return .badData(name, "cannot be unpacked.") }
        switch zip_error_code_zip(error) {
        case ZIP_ER_NOPASSWD, ZIP_ER_WRONGPASSWD, ZIP_ER_ENCRNOTSUPP:
            return .badData(name, "is encrypted. Unpack the archive with its password first.")
        case ZIP_ER_CRC:
            return .badData(name, "is damaged: its checksum does not match its contents.")
        default:
            return .badData(name, "cannot be unpacked: \(reason(error)).")
        }
    }

    private static func reason(_ error: UnsafeMutablePointer<zip_error_t>) -> String {
        String(cString: zip_error_strerror(error)).lowercased()
    }
}
