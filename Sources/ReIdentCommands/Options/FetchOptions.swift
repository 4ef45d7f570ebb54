// How files are fetched: the options that `models fetch` and `data fetch` share, and what a person
// sees meanwhile.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdentFiles

/// Ways through the network.
struct NetworkOptions: ParsableArguments {
    /// Names a mirror for all downloads.
    static let mirrorVariable = "REIDENT_MIRROR"

    @Option(
        help: """
            Address of a server that has the file under the path of the official address, or by \
            its bare name. (default: the environment's REIDENT_MIRROR)
            """)
    var mirror: String?

    @Option(help: "A proxy's address. (default: https_proxy, http_proxy or all_proxy)")
    var proxy: String?

    @Option(help: "Seconds without a byte after which a connection is given up.")
    var patience = 30

    func validate() throws {
        try requireRange("--patience", patience, 1...86_400)
    }

    /// The arguments that pass these options on to another command.
    var arguments: [String] {
        (mirror.map { ["--mirror", $0] } ?? []) + (proxy.map { ["--proxy", $0] } ?? [])
            + (patience == 30 ? [] : ["--patience", "\(patience)"])
    }

    /// A download with these options.
    ///
    /// - Throws: `FileError` of kind `usage` if the mirror is no address.
    func download(
        _ address: String, fileName: String, to path: String, digest: PublishedDigest?,
        force: Bool, advice: String
    ) throws(FileError) -> Download {
        let environment = ProcessInfo.processInfo.environment[Self.mirrorVariable]
        let base = mirror ?? environment.flatMap { $0.isEmpty ? nil : $0 }
        let addresses =
            if let base {
                try Download.mirrored(address, called: fileName, at: base)
            } else {
                [address]
            }
        var options = Download.Options()
        options.proxy = proxy
        options.stallSeconds = patience
        options.connectSeconds = min(options.connectSeconds, Double(patience))
        return Download(
            addresses: addresses, path: path, digest: digest, force: force, options: options,
            advice: advice)
    }
}

/// Where a fetched file goes.
struct FetchDestination: ParsableArguments {
    @Option(help: "The file to write, or an existing folder for it. (default: this folder)")
    var out: String?

    /// The path of a file with a usual name.
    func path(for fileName: String) -> String {
        guard let out else { return fileName }
        let isFolder = out.hasSuffix("/") || (try? InputPath.kind(of: out)) == .folder
        guard isFolder else { return out }
        return out.hasSuffix("/") ? out + fileName : "\(out)/\(fileName)"
    }
}

/// Shows one download on standard error.
final class FetchDisplay {
    private let output: OutputOptions
    private let name: String
    private var meter: ProgressMeter?
    private var bytesPerUnit: Int64 = 1_000_000

    init(_ output: OutputOptions, name: String) {
        self.output = output
        self.name = name
    }

    func show(_ event: DownloadEvent) {
        switch event {
        case .begins(let address, let already, let total):
            output.note(
                already > 0 ? "Going on with \(name) from \(address)" : "Fetching \(address)")
            let isSmall = total.map { $0 < 20_000_000 } ?? false
            bytesPerUnit = isSmall ? 1000 : 1_000_000
            meter = output.meter(
                "Fetching \(name)", unit: isSmall ? "kB" : "MB",
                doneBefore: Int(already / bytesPerUnit))
        case .received(let count, let total):
            meter?.update(Int(count / bytesPerUnit), of: Int((total ?? 0) / bytesPerUnit))
        case .pause(let reason, let seconds):
            output.note(
                "The transfer broke off (\(reason)); trying again in "
                    + "\(ProgressEstimate.duration(seconds)).")
        case .note(let text): output.note(text)
        case .verifying:
            meter?.finish()
            meter = nil
            output.note("Computing the checksum.")
        }
    }
}

/// What was fetched, for people and scripts.
struct FetchReport: Encodable {
    let name: String
    let path: String
    let size: Int64
    let address: String?
    let isFetched: Bool
    let digest: String
    let algorithm: String
    let comparedWith: DownloadedFile.Basis
    /// The command that goes on with the file.
    let next: String?

    enum CodingKeys: String, CodingKey {
        case name, path, size, address, digest, next
        case isFetched = "fetched"
        case algorithm = "digest_algorithm"
        case comparedWith = "digest_compared_with"
    }

    init(name: String, file: DownloadedFile, next: String?) {
        self.name = name
        path = file.path
        size = file.size
        address = file.address
        isFetched = file.address != nil
        digest = file.digest
        algorithm = file.algorithm.label
        comparedWith = file.basis
        self.next = next
    }

    /// Writes null, not nothing, where there is no address or no next command.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(path, forKey: .path)
        try container.encode(size, forKey: .size)
        try container.encode(address, forKey: .address)
        try container.encode(isFetched, forKey: .isFetched)
        try container.encode(digest, forKey: .digest)
        try container.encode(algorithm, forKey: .algorithm)
        try container.encode(comparedWith, forKey: .comparedWith)
        try container.encode(next, forKey: .next)
    }

    /// A few lines for a terminal.
    func text(remark: String? = nil) -> String {
        let place = isFetched ? path : "\(path) is there already"
        let judgement =
            switch comparedWith {
            case .published: "as published"
            case .server: "as the server says; no checksum is published apart from it"
            case .none: "of what came; no checksum is published to compare it with"
            }
        return ["\(place), \(size) bytes", "\(algorithm) \(digest), \(judgement)", remark]
            .compactMap { $0 }.joined(separator: "\n") + (next.map { "\nNow: \($0)" } ?? "")
    }
}
