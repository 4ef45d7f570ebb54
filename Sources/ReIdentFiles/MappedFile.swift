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
    /// The path the file was opened by; of a file without a name what errors are to name.
    public let path: String
    private let mapping: UnsafeRawBufferPointer

    /// Maps a file.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if it does not exist, is a folder, or cannot
    ///   be read.
    public convenience init(path: String) throws(FileError) {
        try InputPath.requireFile(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, code: errno) }
        defer { close(descriptor) }
        try self.init(descriptor: descriptor, path: path)
    }

    /// Maps an open file, which may be closed then.
    init(descriptor: Int32, path: String) throws(FileError) {
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

    /// Takes the pages of a part of the file out of this process's memory.
    ///
    /// The part can be read as before, then from the system's cache or the disk. Without this, a
    /// program that reads a large file once holds it whole until the file is unmapped.
    ///
    /// - Parameter range: Byte offsets from the start of the file, inside `0 ..< count`.
    public func giveBackPages(in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the file")
        guard let start = mapping.baseAddress, !range.isEmpty else { return }
        // Pages shared with neighbours go, too: nothing is ever written to any of them.
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        madvise(
            UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first,
            Int32(MADV_DONTNEED))  // advice: if it fails, the pages stay
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

/// Bytes of a file: a part of a mapped one, which holding them keeps mapped, or a copy.
public struct MappedBytes: Sendable {
    private enum Source {
        case file(MappedFile)
        case memory([UInt8])
    }

    private let source: Source
    private let range: Range<Int>

    fileprivate init(file: MappedFile, range: Range<Int>) {
        source = .file(file)
        self.range = range
    }

    /// Bytes that were unpacked or put in order, and so lie in no file as they are.
    init(copied bytes: [UInt8]) {
        source = .memory(bytes)
        range = 0..<bytes.count
    }

    /// How many bytes these are.
    public var count: Int { range.count }

    /// Takes the bytes' pages out of this process's memory where they lie in a mapped file; they
    /// can be read as before.
    public func giveBackPages() {
        if case .file(let file) = source { file.giveBackPages(in: range) }
    }

    /// A part of these bytes, inside `0 ..< count`.
    func part(_ part: Range<Int>) -> MappedBytes {
        precondition(part.lowerBound >= 0 && part.upperBound <= count, "range outside the bytes")
        let start = range.lowerBound
        return MappedBytes(
            source: source, range: start + part.lowerBound..<start + part.upperBound)
    }

    private init(source: Source, range: Range<Int>) {
        self.source = source
        self.range = range
    }

    /// Calls `body` with the bytes, which are valid only during the call and need not be aligned.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch source {
        case .file(let file):
            return try file.withUnsafeBytes { (whole) throws(Failure) -> Result in
                try body(UnsafeRawBufferPointer(rebasing: whole[range]))
            }
        case .memory(let bytes):
            return try bytes.withUnsafeBytes { whole in
                Swift.Result { () throws(Failure) -> Result in
                    try body(UnsafeRawBufferPointer(rebasing: whole[range]))
                }
            }.get()
        }
    }
}
