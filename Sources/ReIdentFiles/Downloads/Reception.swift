// What arrives in one attempt: judged by its header, then written.
//
// SPDX-License-Identifier: MIT

/// Receives one answer into a partial file.
final class Reception: TransferReceiver {
    /// What the answer turned out to be.
    enum Verdict {
        /// There was none.
        case nothing
        /// The file, or the rest of it.
        case body
        /// The file is not at this address, or not for everybody.
        case notThere(status: Int)
        /// The server cannot answer now.
        case busy(status: Int)
        /// Not the rest of what is there: it has to be begun anew.
        case another(String)
        /// Trying again does not help.
        case failure(FileError)
    }

    private(set) var verdict = Verdict.nothing
    /// The size of the whole file, if the server says it.
    private(set) var total: Int64?
    /// The digest the whole file is to have.
    private(set) var digest: PublishedDigest?

    private let download: Download
    private let partial: PartialFile
    private let address: String
    private let report: (DownloadEvent) -> Void

    init(
        _ download: Download, partial: PartialFile, address: String,
        report: @escaping (DownloadEvent) -> Void
    ) {
        self.download = download
        self.partial = partial
        self.address = address
        self.report = report
        digest = download.digest
    }

    var isStopped: Bool { Task.isCancelled }

    /// Whether all bytes are there, as far as their number is known.
    var isWhole: Bool { total.map { $0 == partial.count } ?? true }

    func begins(_ response: TransferResponse) -> Bool {
        verdict = judged(response)
        guard case .body = verdict else { return false }
        if digest == nil {
            let linked = response.linkedDigest.map { PublishedDigest(.sha256, $0) }
            digest = linked ?? partial.origin?.digest
        }
        let origin = PartialFile.Origin(
            address: address, validator: response.validator, digest: digest, total: total)
        do {
            try partial.begin(origin)
        } catch {
            verdict = .failure(error)
            return false
        }
        report(.begins(address: address, already: partial.count, total: total))
        return true
    }

    func receives(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do {
            try partial.append(bytes)
        } catch {
            verdict = .failure(error)
            return false
        }
        if let total, partial.count > total {
            let found = partial.count
            partial.remove()
            verdict = .failure(
                .wrongSize(download.path, address: address, expected: total, found: found))
            return false
        }
        report(.received(partial.count, total: total))
        return true
    }

    private func judged(_ response: TransferResponse) -> Verdict {
        let status = response.status
        switch status {
        case 200: return judgedWhole(response)
        case 206: return judgedRest(response)
        case 416: return .another("The server has no more bytes of this file than are here.")
        case 401, 403, 404, 410: return .notThere(status: status)
        case 408, 425, 429, 500, 502, 503, 504: return .busy(status: status)
        default:
            return .failure(
                .undeliverable(
                    address, because: "the server answered with status \(status).",
                    advice: download.advice))
        }
    }

    private func judgedWhole(_ response: TransferResponse) -> Verdict {
        if response.isWebPage { return .failure(.webPage(address, advice: download.advice)) }
        if partial.count > 0 {
            // The server does not know ranges, or the file is another one by now. This body is the
            // whole of it, so it is taken at once.
            report(.note("The server sends the file from its beginning."))
            do { try partial.restart() } catch { return .failure(error) }
        }
        return sized(response.contentLength, response)
    }

    private func judgedRest(_ response: TransferResponse) -> Verdict {
        guard let range = response.contentRange, range.first == partial.count else {
            return .another("The server sends another part than the one asked for.")
        }
        if let known = partial.origin?.total, let total = range.total, total != known {
            return .another("The file has another size than before.")
        }
        return sized(range.total, response)
    }

    /// Takes the size that is announced, if it can be the right one and there is room for it.
    private func sized(_ announced: Int64?, _ response: TransferResponse) -> Verdict {
        let expected = download.size ?? response.linkedSize
        if let expected, let announced, announced != expected {
            partial.remove()
            return .failure(
                .wrongSize(download.path, address: address, expected: expected, found: announced))
        }
        total = announced ?? expected
        let missing = total.map { $0 - partial.count } ?? 0
        if let free = partial.freeBytes, missing > free {
            return .failure(.noRoom(partial.path, missing: missing, free: free))
        }
        return .body
    }
}
