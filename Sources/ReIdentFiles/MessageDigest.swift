// Checksums of files and bytes, over OpenSSL's message digests.
//
// SPDX-License-Identifier: MIT

internal import COpenSSL
import Foundation
import ReIdentFoundation

/// The message digests by which files are identified.
public enum MessageDigest: String, Sendable, CaseIterable {
    /// SHA-256, by which weights are identified.
    case sha256 = "SHA256"
    /// MD5, by which some data sets are published; no protection against intent.
    case md5 = "MD5"

    /// The digest of a file's contents in lower-case hexadecimal, read piece by piece.
    ///
    /// - Throws: `FileError`: `inputNotFound` if the file cannot be read, `unavailable` if this
    ///   machine's OpenSSL does not offer the digest, `interrupted` if the task was cancelled.
    public func hexadecimal(ofFile path: String) throws(FileError) -> String {
        try InputPath.requireFile(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, code: errno) }
        defer { close(descriptor) }
        let computation = try DigestComputation(self)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path, code: errno) }
            guard count > 0 else { return try computation.finish() }
            if Task.isCancelled {
                throw FileError(
                    kind: .interrupted, path: path, problem: "reading it was interrupted.")
            }
            let fed = buffer.withUnsafeBytes { computation.add(.init(rebasing: $0[..<count])) }
            guard fed else { throw DigestComputation.unavailable(self) }
        }
    }

    /// The digest of bytes in lower-case hexadecimal.
    ///
    /// - Throws: `FileError` of kind `unavailable` if this machine's OpenSSL does not offer it.
    public func hexadecimal(of bytes: UnsafeRawBufferPointer) throws(FileError) -> String {
        let computation = try DigestComputation(self)
        guard computation.add(bytes) else { throw DigestComputation.unavailable(self) }
        return try computation.finish()
    }

    /// The digest of bytes in lower-case hexadecimal.
    ///
    /// - Throws: `FileError` of kind `unavailable` if this machine's OpenSSL does not offer it.
    public func hexadecimal(of bytes: [UInt8]) throws(FileError) -> String {
        try bytes.withUnsafeBytes { raw in
            Result { () throws(FileError) in try hexadecimal(of: raw) }
        }.get()
    }

    /// The digest of a text's UTF-8 in lower-case hexadecimal.
    ///
    /// - Throws: `FileError` of kind `unavailable` if this machine's OpenSSL does not offer it.
    public func hexadecimal(of text: String) throws(FileError) -> String {
        try hexadecimal(of: Array(text.utf8))
    }
}

/// One digest being computed; owns OpenSSL's context.
private final class DigestComputation {
    private let digest: MessageDigest
    private let context: OpaquePointer

    init(_ digest: MessageDigest) throws(FileError) {
        guard let context = EVP_MD_CTX_new() else { throw Self.unavailable(digest) }
        guard let algorithm = EVP_get_digestbyname(digest.rawValue),
            EVP_DigestInit_ex(context, algorithm, nil) == 1
        else {
            EVP_MD_CTX_free(context)
            throw Self.unavailable(digest)
        }
        self.digest = digest
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func add(_ bytes: UnsafeRawBufferPointer) -> Bool {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    func finish() throws(FileError) -> String {
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &result, &count) == 1 else {
            throw Self.unavailable(digest)
        }
        let digits = Array("0123456789abcdef".utf8)
        let text = result[..<Int(count)].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    static func unavailable(_ digest: MessageDigest) -> FileError {
        FileError(
            kind: .unavailable, path: "OpenSSL",
            problem: "does not offer the digest \(digest.rawValue) on this machine.")
    }
}
