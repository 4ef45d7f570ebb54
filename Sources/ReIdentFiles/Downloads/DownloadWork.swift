// A download while it goes on: attempts, pauses, other addresses, the check at the end.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The attempts of one download.
struct DownloadWork {
    private let download: Download
    private let partial: PartialFile
    private let report: (DownloadEvent) -> Void

    /// Attempts in a row may bring nothing as often as there are pauses; one that brings this much
    /// starts the count anew.
    private static let progressBytes: Int64 = 1 << 16
    /// How often a file that changed, or cannot be continued, is begun anew.
    private static let restartLimit = 2

    init(_ download: Download, report: @escaping (DownloadEvent) -> Void) throws(FileError) {
        self.download = download
        self.report = report
        partial = try PartialFile(for: download.path)
    }

    func run() throws(FileError) -> DownloadedFile {
        if let total = partial.origin?.total, total == partial.count, continues(nil) {
            return try finish(digest: partial.origin?.digest, address: partial.origin?.address)
        }
        var refusals: [String] = []
        for address in download.addresses {
            switch try fetch(address) {
            case .whole(let digest): return try finish(digest: digest, address: address)
            case .notThere(let status): refusals.append("\(address) (\(status))")
            }
        }
        throw .notThere(refusals, path: download.path, advice: download.advice)
    }

    // MARK: Attempts

    private enum Fetched {
        case whole(digest: PublishedDigest?)
        case notThere(status: Int)
    }

    private func fetch(_ address: String) throws(FileError) -> Fetched {
        var vainAttempts = 0
        var restarts = 0
        while true {
            if !continues(address) { try partial.restart() }
            let before = partial.count
            let reception = Reception(
                download, partial: partial, address: address, report: report)
            var transfer = Transfer(
                address: address, proxy: download.options.proxy, firstByte: before,
                connectSeconds: download.options.connectSeconds,
                stallSeconds: download.options.stallSeconds)
            if partial.origin?.address == address { transfer.validator = partial.origin?.validator }
            let end = transfer.perform(reception)
            try requireNotInterrupted()
            let reason: String
            switch (reception.verdict, end) {
            case (.failure(let error), _): throw error
            case (.notThere(let status), _): return .notThere(status: status)
            case (.another(let why), _):
                restarts += 1
                guard restarts <= Self.restartLimit else {
                    throw .undeliverable(address, because: why, advice: download.advice)
                }
                report(.note("\(why) Beginning anew."))
                try partial.restart()
                continue
            case (.body, .finished) where reception.isWhole:
                return .whole(digest: reception.digest)
            case (.body, .finished): reason = "the answer ended early"
            case (.busy(let status), _): reason = "the server answered with status \(status)"
            case (_, .broken(let why)): reason = why
            case (_, .unreachable(let why)) where before > 0 || vainAttempts > 0: reason = why
            case (_, .unreachable(let why)):
                throw .unreachable(
                    address, because: why, path: download.path, advice: download.advice)
            case (_, .misdirected(let why)), (_, .failed(let why)):
                throw .undeliverable(address, because: why, advice: download.advice)
            case (.nothing, .finished): reason = "the server answered nothing"
            case (_, .untrusted(let why)): throw .untrusted(address, because: why)
            }
            vainAttempts = partial.count - before >= Self.progressBytes ? 0 : vainAttempts + 1
            let pauses = download.options.pausesSeconds
            guard !pauses.isEmpty, vainAttempts <= pauses.count else {
                throw .brokenOff(
                    address, because: reason, partial: partial, total: reception.total)
            }
            try pause(after: reason, attempt: vainAttempts)
        }
    }

    /// Whether the bytes that are there can be continued: they are known to belong to the same
    /// file, by its checksum, or by the server's mark at the same address.
    private func continues(_ address: String?) -> Bool {
        guard partial.count > 0, let origin = partial.origin else { return false }
        if let total = origin.total, partial.count > total { return false }
        if let digest = download.digest { return origin.digest == digest }
        let isHere = address.map { $0 == origin.address }
        return isHere ?? download.addresses.contains(origin.address) && origin.validator != nil
    }

    private func pause(after reason: String, attempt: Int) throws(FileError) {
        let pauses = download.options.pausesSeconds
        guard let seconds = attempt > 0 ? pauses[attempt - 1] : pauses.first else { return }
        report(.pause(reason: reason, seconds: seconds))
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            try requireNotInterrupted()
            usleep(20_000)
        }
    }

    private func requireNotInterrupted() throws(FileError) {
        guard Task.isCancelled else { return }
        throw .interrupted(download.path, partial: partial)
    }

    // MARK: The end

    private func finish(
        digest expected: PublishedDigest?, address: String?
    ) throws(FileError) -> DownloadedFile {
        report(.verifying)
        let algorithm = expected?.algorithm ?? .sha256
        let found = try algorithm.hexadecimal(ofFile: partial.path)
        let size = partial.count
        if let expected, expected.hexadecimal != found {
            partial.remove()
            throw .wrongDigest(
                download.path, address: address, expected: expected, found: found, size: size)
        }
        try partial.finish(at: download.path, force: download.force)
        let basis: DownloadedFile.Basis =
            expected == nil ? .none : download.digest == nil ? .server : .published
        return DownloadedFile(
            path: download.path, address: address, size: size, algorithm: algorithm, digest: found,
            basis: basis)
    }
}
