// What can go wrong with a download, in sentences.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

extension FileError {
    /// No way to the server (exit code 69).
    static func unreachable(
        _ address: String, because reason: String, path: String, advice: String
    ) -> FileError {
        unavailable(
            address,
            "cannot be reached: \(sentence(reason)) Check the network, or pass --proxy or "
                + "--mirror. Without a network, fetch this address on another machine, put the "
                + "file at '\(path)'", advice)
    }

    /// The server does not have it (exit code 69).
    static func notThere(_ refusals: [String], path: String, advice: String) -> FileError {
        unavailable(
            refusals.joined(separator: ", "),
            "the file is not there, or not for everybody. Pass --mirror with the address of a "
                + "server that has it, or put the file at '\(path)' yourself", advice)
    }

    /// The server answers, and not with the file (exit code 69).
    static func undeliverable(
        _ address: String, because reason: String, advice: String
    ) -> FileError {
        unavailable(
            address,
            "cannot be downloaded: \(sentence(reason)) Try --mirror, or fetch the file by hand",
            advice)
    }

    /// A certificate that does not hold (exit code 69).
    static func untrusted(_ address: String, because reason: String) -> FileError {
        FileError(
            kind: .unavailable, path: address,
            problem: "the server's certificate cannot be trusted: \(sentence(reason)) Nothing was "
                + "taken from it. Check this machine's clock and its certificates, or a proxy in "
                + "between.")
    }

    /// All attempts broke off (exit code 69).
    static func brokenOff(
        _ address: String, because reason: String, partial: PartialFile, total: Int64?
    ) -> FileError {
        let whole = total.map { " of \(bytes($0))" } ?? ""
        let kept =
            partial.count > 0
            ? "What came is kept in '\(partial.path)'; the same command goes on from there."
            : "Run the same command again later."
        return FileError(
            kind: .unavailable, path: address,
            problem: "the transfer broke off after \(bytes(partial.count))\(whole): "
                + "\(sentence(reason)) \(kept)")
    }

    /// A page for people instead of the file (exit code 65).
    static func webPage(_ address: String, advice: String) -> FileError {
        let end = advice.isEmpty ? "." : ", then \(advice)."
        return .badData(
            address,
            "a web page came instead of the file, as log-in pages of networks and file hosts do. "
                + "Open the address in a browser and fetch the file by hand\(end)")
    }

    /// The checksum is another one (exit code 65).
    static func wrongDigest(
        _ path: String, address: String?, expected: PublishedDigest, found: String, size: Int64
    ) -> FileError {
        let source = address.map { " from \($0)" } ?? ""
        let digest = "\(expected.algorithm.label) \(expected.hexadecimal)"
        return .badData(
            path,
            "what came\(source) is not the file: expected \(digest), found \(found) "
                + "(\(bytes(size))). It was removed. Run the command again; if that fails too, "
                + "the server or a proxy has another file.")
    }

    /// The size is another one (exit code 65).
    static func wrongSize(
        _ path: String, address: String, expected: Int64, found: Int64
    ) -> FileError {
        .badData(
            path,
            "\(address) sends \(found) bytes, and the file has \(expected). Nothing of it was "
                + "kept. Run the command again; if that fails too, the server or a proxy has "
                + "another file.")
    }

    /// The disk is too small (exit code 73).
    static func noRoom(_ path: String, missing: Int64, free: Int64) -> FileError {
        .cannotWrite(
            path,
            "the disk has \(bytes(free)) left, and \(bytes(missing)) are still to come. Free some "
                + "space, or choose another --out.")
    }

    /// The user interrupted (exit code 130).
    static func interrupted(_ path: String, partial: PartialFile) -> FileError {
        let kept =
            partial.count > 0
            ? "Interrupted; \(bytes(partial.count)) are kept in '\(partial.path)', and the same "
                + "command goes on from there."
            : "Interrupted; nothing had arrived."
        return FileError(kind: .interrupted, path: path, problem: kept)
    }

    private static func unavailable(
        _ place: String, _ problem: String, _ advice: String
    ) -> FileError {
        FileError(
            kind: .unavailable, path: place,
            problem: problem + (advice.isEmpty ? "." : ", and go on with \(advice)."))
    }

    /// A reason as a sentence of its own.
    private static func sentence(_ reason: String) -> String {
        let text = reason.isEmpty ? "no reason was given" : reason
        return text.hasSuffix(".") ? text : text + "."
    }

    /// For example `350.9 MB`.
    static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<10_000: "\(count) bytes"
        case ..<1_000_000: "\(count / 1000) kB"
        case ..<10_000_000_000: String(format: "%.1f MB", Double(count) / 1e6)
        default: String(format: "%.1f GB", Double(count) / 1e9)
        }
    }
}
