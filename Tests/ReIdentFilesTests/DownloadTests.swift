// Downloads that come to a good end, against a server on this machine.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Synchronization
import Testing

/// A file and its download into a fresh folder.
struct DownloadCase {
    let folder: TemporaryFolder
    /// What the server has: bytes that repeat nowhere near.
    let body: [UInt8]

    init(count: Int = 200_000, seed: UInt64 = 1) throws {
        folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: seed)
        body = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    var path: String { folder.file("weights.pt") }

    /// A download that gives up soon and pauses hardly.
    func download(_ address: String, retries: Int = 0) throws -> Download {
        var options = Download.Options()
        options.connectSeconds = 5
        options.stallSeconds = 1
        options.pausesSeconds = Array(repeating: 0.01, count: retries)
        return Download(
            addresses: [address], path: path,
            digest: PublishedDigest(.sha256, try MessageDigest.sha256.hexadecimal(of: body)),
            options: options, advice: "`next command`")
    }

    func contents(_ name: String = "weights.pt") -> [UInt8]? {
        FileManager.default.contents(atPath: folder.file(name)).map(Array.init)
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
}

/// Collects what a download tells.
final class Events: Sendable {
    private let events = Mutex<[DownloadEvent]>([])

    func add(_ event: DownloadEvent) { events.withLock { $0.append(event) } }

    var all: [DownloadEvent] { events.withLock { $0 } }
}

@Suite("Downloads")
struct DownloadTests {
    @Test("the file appears whole, with its checksum, and nothing else is left")
    func whole() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body)
        let file = try test.download(server.address + "/a/weights.pt").run()
        #expect(test.contents() == test.body)
        #expect(try test.names() == ["weights.pt"])
        #expect(file.size == 200_000 && file.basis == .published)
        let digest = try MessageDigest.sha256.hexadecimal(of: test.body)
        #expect(file.digest == digest)
        let request = try #require(server.requests.first)
        #expect(request.path == "/a/weights.pt" && request.fields["range"] == nil)
    }

    @Test("after a break-off the next attempt asks for the rest only")
    func continuesAtOnce() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body) { number, _, answer in
            if number == 1 { answer.breaksAfter = 120_000 }
        }
        let events = Events()
        _ = try test.download(server.address + "/w", retries: 1).run(report: events.add)
        #expect(test.contents() == test.body)
        #expect(server.requests.map(\.firstByte) == [nil, 120_000])
        #expect(server.requests.last?.fields["if-range"] == "\"version-1\"")
        #expect(
            events.all.contains(
                .begins(
                    address: server.address + "/w", already: 120_000, total: 200_000)))
    }

    @Test("a later run goes on from what an earlier one kept")
    func continuesLater() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body) { number, _, answer in
            if number == 1 { answer.breaksAfter = 50_000 }
        }
        expectFailure(.unavailable, saying: "50 kB of 200 kB", "weights.pt.partial") {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(try test.names() == ["weights.pt.partial", "weights.pt.partial.json"])
        _ = try test.download(server.address + "/w").run()
        #expect(test.contents() == test.body)
        #expect(server.requests.map(\.firstByte) == [nil, 50_000])
        #expect(try test.names() == ["weights.pt"])
    }

    @Test("many break-offs are survived as long as each attempt brings something")
    func manyBreaks() throws {
        let test = try DownloadCase(count: 1_000_000)
        let server = try LocalServer.file(test.body) { number, _, answer in
            if number <= 9 { answer.breaksAfter = 100_000 }
        }
        _ = try test.download(server.address + "/w", retries: 1).run()
        #expect(test.contents() == test.body)
        #expect(server.requests.count == 10)
    }

    @Test("a file that another server began is continued when its checksum is published")
    func continuesFromMirror() throws {
        let test = try DownloadCase()
        let first = try LocalServer.file(test.body) { _, _, answer in answer.breaksAfter = 70_000 }
        expectFailure(.unavailable) { _ = try test.download(first.address + "/w").run() }
        let second = try LocalServer.file(test.body)
        _ = try test.download(second.address + "/other").run()
        #expect(second.requests.map(\.firstByte) == [70_000])
        #expect(second.requests.allSatisfy { $0.fields["if-range"] == nil })
        #expect(test.contents() == test.body)
    }

    @Test("without a published checksum another server's bytes are not continued")
    func distrustsOtherServer() throws {
        let test = try DownloadCase()
        let first = try LocalServer.file(test.body) { _, _, answer in answer.breaksAfter = 70_000 }
        var download = try test.download(first.address + "/w")
        download.digest = nil
        expectFailure(.unavailable) { [download] in _ = try download.run() }
        let second = try LocalServer.file(test.body)
        download.addresses = [second.address + "/w"]
        let file = try download.run()
        #expect(second.requests.map(\.firstByte) == [nil])
        #expect(file.basis == .none && test.contents() == test.body)
    }

    @Test("a server that ignores ranges sends all, and the file is still right")
    func ignoresRanges() throws {
        let test = try DownloadCase()
        let body = test.body
        let server = try LocalServer { request in
            var answer = LocalServer.Answer(200, body: body)
            if request.firstByte == nil { answer.breaksAfter = 120_000 }
            return answer
        }
        _ = try test.download(server.address + "/w", retries: 1).run()
        #expect(server.requests.map(\.firstByte) == [nil, 120_000])
        #expect(test.contents() == test.body)
    }

    @Test("a file that changed meanwhile is taken whole")
    func changes() throws {
        let test = try DownloadCase()
        let old = try DownloadCase(seed: 2).body
        let new = test.body
        // As RFC 9110 has it: the condition of the second request does not hold, so its range does
        // not count.
        let server = try LocalServer.file(new) { number, _, answer in
            let isFirst = number == 1
            answer = LocalServer.Answer(
                200, fields: ["ETag": isFirst ? "\"old\"" : "\"new\""],
                body: isFirst ? old : new)
            if isFirst { answer.breaksAfter = 90_000 }
        }
        var download = try test.download(server.address + "/w", retries: 1)
        download.digest = nil
        _ = try download.run()
        #expect(server.requests.last?.fields["if-range"] == "\"old\"")
        #expect(test.contents() == new)
    }

    @Test("redirects are followed, and the checksum they name is held against the file")
    func redirects() throws {
        let test = try DownloadCase()
        let body = test.body
        let digest = try MessageDigest.sha256.hexadecimal(of: body)
        let store = try LocalServer.file(body)
        let target = store.address + "/stored"
        let hub = try LocalServer { _ in
            LocalServer.Answer(
                302,
                fields: [
                    "Location": target, "X-Linked-ETag": "\"\(digest)\"",
                    "X-Linked-Size": "\(body.count)",
                ])
        }
        var download = try test.download(hub.address + "/resolve/main/weights.pt")
        download.digest = nil
        let file = try download.run()
        #expect(file.basis == .server && file.digest == digest)
        #expect(store.requests.map(\.path) == ["/stored"])
    }

    @Test("a mirror has the file under the official path, or by its bare name")
    func mirror() throws {
        let test = try DownloadCase()
        let body = test.body
        let server = try LocalServer { request in
            request.path == "/files/weights.pt"
                ? LocalServer.part(of: body, for: request) : LocalServer.Answer(404)
        }
        var download = try test.download("https://example.org/clip/abc/weights.pt?x=1")
        download.addresses = try Download.mirrored(
            download.addresses[0], called: "weights.pt", at: server.address + "/files/")
        _ = try download.run()
        #expect(
            server.requests.map(\.path) == [
                "/files/clip/abc/weights.pt?x=1", "/files/weights.pt",
            ])
        #expect(test.contents() == body)
    }

    @Test("a proxy that is named is used")
    func proxy() throws {
        let test = try DownloadCase()
        let proxy = try LocalServer.file(test.body)
        var download = try test.download("http://weights.example/w.pt")
        download.options.proxy = proxy.address
        _ = try download.run()
        #expect(proxy.requests.map(\.path) == ["http://weights.example/w.pt"])
        #expect(test.contents() == test.body)
    }

    @Test("the file that is wanted is there already: nothing is asked for")
    func present() throws {
        let test = try DownloadCase()
        try write(test.body, to: test.path)
        let server = try LocalServer.file(test.body)
        let file = try test.download(server.address + "/w").run()
        #expect(file.address == nil && file.basis == .published)
        #expect(server.requests.isEmpty)
    }

    @Test("a run that died after the last byte only needs the check")
    func wholePartial() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body) { number, _, answer in
            answer.breaksAfter = 199_999
        }
        expectFailure(.unavailable) { _ = try test.download(server.address + "/w").run() }
        let partial = try FileHandle(forWritingTo: URL(filePath: test.path + ".partial"))
        try partial.seekToEnd()
        try partial.write(contentsOf: test.body.suffix(1))
        try partial.close()
        _ = try test.download(server.address + "/w").run()
        #expect(server.requests.count == 1)
        #expect(test.contents() == test.body)
    }
}
