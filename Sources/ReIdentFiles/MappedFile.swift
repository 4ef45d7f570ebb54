// A file mapped into memory, so that two gigabytes of weights are read only where they are used.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A whole file as bytes in memory, unmapped when the last user lets go.
///
/// The file must not be shortened by another program while it is mapped; every writer of this
/// package replaces files by renaming, which leaves mapped ones whole.
// SAFETY: unchecked only because a raw pointer is stored; its memory is never written to.
public final class MappedFile: @unchecked Sendable {
    /// The path the file was opened by.
    public let path: String
    private let mapping: UnsafeRawBufferPointer

    /// Maps a file.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if it does not exist, is a folder, or cannot
    ///   be read.
    public init(path: String) throws(FileError) {
        try InputPath.requireFile(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path, code: errno) }
        let size = Int(status.st_size)
        self.path = path
        guard size > 0 else {  // mapping nothing is an error of the system
            mapping = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            start != MAP_FAILED
        else { throw .unreadable(path, code: errno) }
        mapping = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = mapping.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), mapping.count)
        }
    }

    /// How many bytes the file has.
    public var count: Int { mapping.count }

    /// Calls `body` with the file's bytes, which are valid only during the call.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withExtendedLifetime(self) { () throws(Failure) -> Result in try body(mapping) }
    }

    /// A part of the file that keeps the mapping alive.
    ///
    /// - Parameter range: Byte offsets from the start of the file, inside `0 ..< count`.
    /// - Returns: The part.
    public func bytes(in range: Range<Int>) -> MappedBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the file")
        return MappedBytes(file: self, range: range)
    }
}

/// A part of a mapped file; holding it keeps the mapping alive.
public struct MappedBytes: Sendable {
    private let file: MappedFile
    private let range: Range<Int>

    fileprivate init(file: MappedFile, range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// How many bytes these are.
    public var count: Int { range.count }

    /// Calls `body` with the bytes, which are valid only during the call and need not be aligned.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withUnsafeBytes { (whole) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(rebasing: whole[range]))
        }
    }
}
