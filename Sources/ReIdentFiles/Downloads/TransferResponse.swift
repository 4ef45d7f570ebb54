// What a server says before a file's bytes: RFC 9110, and the fields by which the Hugging Face hub
// tells of a large file in the redirect to where it is stored.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The head of an answer; of a chain of redirects, the last one's.
struct TransferResponse: Sendable {
    /// The status code; 0 before an answer has begun.
    private(set) var status = 0
    /// The size of the file that a redirect leads to, in bytes.
    private(set) var linkedSize: Int64?
    /// The SHA-256 of the file that a redirect leads to.
    private(set) var linkedDigest: String?
    private var fields: [String: String] = [:]

    /// Takes the next line of a header; a status line begins another answer.
    mutating func add(line: String) {
        if line.hasPrefix("HTTP/") {
            let parts = line.split(separator: " ")
            status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            fields = [:]
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let name = line[..<colon].lowercased()
        let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        fields[name] = value
        switch name {
        case "x-linked-size": linkedSize = Int64(value)
        case "x-linked-etag": linkedDigest = Self.digest(inTag: value) ?? linkedDigest
        default: break
        }
    }

    /// How many bytes the body has, if the server says it.
    var contentLength: Int64? { fields["content-length"].flatMap { Int64($0) } }

    /// Where a part begins and how large the whole is: `bytes 100-199/200`.
    var contentRange: (first: Int64, total: Int64?)? {
        guard let value = fields["content-range"], value.lowercased().hasPrefix("bytes ") else {
            return nil
        }
        let parts = value.dropFirst("bytes ".count).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first,
            let begin = Int64(first)
        else { return nil }
        return (begin, Int64(parts[1]))
    }

    /// What tells this file from a later one at the same address: a strong entity tag, or a date.
    var validator: String? {
        if let tag = fields["etag"], tag.hasPrefix("\""), tag.count < 400 { return tag }
        return fields["last-modified"].flatMap { $0.count < 100 ? $0 : nil }
    }

    /// Whether a page for people came, as log-in pages of networks and file hosts send one.
    var isWebPage: Bool { fields["content-type"]?.lowercased().hasPrefix("text/html") ?? false }

    /// A SHA-256 as an entity tag; nil for other tags.
    private static func digest(inTag tag: String) -> String? {
        let text = tag.trimmingCharacters(in: CharacterSet(charactersIn: "\"")).lowercased()
        return text.count == 64 && text.allSatisfy(\.isHexDigit) ? text : nil
    }
}
