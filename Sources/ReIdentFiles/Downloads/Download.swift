// Fetching one file: what is wanted, where from, and how patiently.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// A file that is to be fetched over HTTP or HTTPS.
///
/// Bytes arrive in `PATH.partial`, from which a later run goes on; the file itself appears only
/// when it is whole and its checksum is the expected one.
public struct Download: Sendable {
    /// How the network is used.
    public struct Options: Sendable, Equatable {
        /// A proxy's address; nil for what the environment says.
        public var proxy: String?
        /// Seconds that making a connection may take.
        public var connectSeconds = 20.0
        /// Seconds without a byte after which a connection is given up.
        public var stallSeconds = 30
        /// The pauses before trying again, in seconds; without any there is one attempt only.
        ///
        /// As many attempts in a row may bring nothing.
        public var pausesSeconds: [Double] = [1, 4, 15]

        /// What suits a network that is slow now and then.
        public init() {}
    }

    /// Where it is to be had, in the order of trying; the next is tried where it is not there.
    public var addresses: [String]
    /// Where the file is put.
    public var path: String
    /// The checksum it is published with; nil takes the one that the server names, if it does.
    public var digest: PublishedDigest?
    /// Its size in bytes, where that is published.
    public var size: Int64?
    /// Whether an existing file of other contents may be replaced.
    public var force: Bool
    /// How the network is used.
    public var options: Options
    /// Ends a message about a network that cannot be reached: what to do with a file that somebody
    /// has fetched by hand.
    public var advice: String

    /// Describes a download; nothing happens yet.
    public init(
        addresses: [String], path: String, digest: PublishedDigest? = nil, size: Int64? = nil,
        force: Bool = false, options: Options = Options(), advice: String = ""
    ) {
        self.addresses = addresses
        self.path = path
        self.digest = digest
        self.size = size
        self.force = force
        self.options = options
        self.advice = advice
    }

    /// Fetches the file on the calling thread; a cancelled task keeps what has arrived.
    ///
    /// - Parameter report: Is told how it goes, on this thread.
    /// - Returns: What is at `path` now.
    /// - Throws: `FileError`: `unavailable` if it cannot be had from the network, `badData` if it
    ///   is not what it should be, `cannotWrite`, `usage` for an address that is none, and
    ///   `interrupted` after the task was cancelled.
    public func run(
        report: @escaping (DownloadEvent) -> Void = { _ in }
    ) throws(FileError) -> DownloadedFile {
        try OutputFile.check(path, force: true)
        for address in addresses { try Self.requireAddress(address) }
        if let present = try present(report) { return present }
        let work = try DownloadWork(self, report: report)
        return try work.run()
    }

    /// The file that is there already, if it is the one that is wanted.
    private func present(
        _ report: (DownloadEvent) -> Void
    ) throws(FileError) -> DownloadedFile? {
        guard InputPath.exists(path) else { return nil }
        guard let digest else {
            try OutputFile.check(path, force: force)
            return nil
        }
        report(.verifying)
        let found = try digest.algorithm.hexadecimal(ofFile: path)
        if found == digest.hexadecimal {
            return DownloadedFile(
                path: path, address: nil, size: fileSize(path), algorithm: digest.algorithm,
                digest: found, basis: .published)
        }
        guard force else {
            throw .cannotWrite(
                path,
                "exists already and is another file: its \(digest.algorithm.label) is \(found), "
                    + "not \(digest.hexadecimal). Pass --force to replace it.")
        }
        return nil
    }

    /// Refuses what is no address of the web.
    ///
    /// - Throws: `FileError` of kind `usage`.
    public static func requireAddress(_ text: String) throws(FileError) {
        let parts = URLComponents(string: text)
        guard let parts, ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false
        else {
            throw FileError(
                kind: .usage, path: text,
                problem: "is no address to download from; it must begin with https:// or http://.")
        }
    }

    /// The same file at a mirror: the official path below the mirror's address, then the bare name.
    ///
    /// - Parameters:
    ///   - official: The address of the file's owner.
    ///   - name: What the file is called where it lies by itself.
    ///   - base: The mirror's address, with or without a path.
    /// - Returns: Two addresses in the order of trying.
    /// - Throws: `FileError` of kind `usage` if either is no address.
    public static func mirrored(
        _ official: String, called name: String, at base: String
    ) throws(FileError) -> [String] {
        try requireAddress(base)
        try requireAddress(official)
        guard let parts = URLComponents(string: official) else { return [] }
        var root = base
        while root.hasSuffix("/") { root.removeLast() }
        let query = parts.percentEncodedQuery.map { "?\($0)" } ?? ""
        return ["\(root)\(parts.percentEncodedPath)\(query)", "\(root)/\(name)"]
    }
}

/// What is told of a download while it goes on.
public enum DownloadEvent: Sendable, Equatable {
    /// Bytes begin to arrive; `already` of them are there from before.
    case begins(address: String, already: Int64, total: Int64?)
    /// So many bytes are there, of so many if that is known.
    case received(Int64, total: Int64?)
    /// The connection failed, and is tried again after a pause.
    case pause(reason: String, seconds: Double)
    /// Something a person should know.
    case note(String)
    /// The checksum is computed.
    case verifying
}

/// A file that has been fetched, or was there.
public struct DownloadedFile: Sendable, Equatable {
    /// Who says that the checksum is the right one.
    public enum Basis: String, Sendable, Codable {
        /// It was published beside the address, and is part of this program.
        case published
        /// The server named it in its answer.
        case server
        /// Nobody: it was computed of what arrived.
        case none
    }

    /// Where it is.
    public let path: String
    /// Where it came from; nil if it was there already.
    public let address: String?
    /// Bytes.
    public let size: Int64
    /// How the checksum was computed.
    public let algorithm: MessageDigest
    /// The checksum of the file, whole.
    public let digest: String
    /// What it was compared with.
    public let basis: Basis
}

/// A file's size in bytes; 0 if it cannot be asked.
func fileSize(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}
