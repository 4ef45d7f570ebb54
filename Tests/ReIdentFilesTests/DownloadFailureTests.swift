// Downloads that fail: what is said, and what is left behind.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Downloads that fail")
struct DownloadFailureTests {
    @Test("a wrong checksum is told with both, and nothing is kept")
    func wrongDigest() throws {
        let test = try DownloadCase()
        let other = try DownloadCase(seed: 2).body
        let server = try LocalServer.file(other)
        let expected = try MessageDigest.sha256.hexadecimal(of: test.body)
        let found = try MessageDigest.sha256.hexadecimal(of: other)
        expectFailure(.badData, saying: expected, found, server.address) {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(try test.names().isEmpty)
    }

    @Test("the checksum that the server names is held against what it sends")
    func wrongServerDigest() throws {
        let test = try DownloadCase()
        let digest = String(repeating: "ab", count: 32)
        let server = try LocalServer.file(test.body) { _, _, answer in
            answer.fields["X-Linked-ETag"] = "\"\(digest)\""
        }
        var download = try test.download(server.address + "/w")
        download.digest = nil
        expectFailure(.badData, saying: digest) { [download] in _ = try download.run() }
        #expect(try test.names().isEmpty)
    }

    @Test("a wrong size is refused before the bytes are taken")
    func wrongSize() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body)
        var download = try test.download(server.address + "/w")
        download.size = 300_000
        expectFailure(.badData, saying: "200000", "300000") { [download] in
            _ = try download.run()
        }
        #expect(try test.names().isEmpty)
    }

    @Test("a body of unknown length that does not end where the file does is refused")
    func wrongUnknownSize() throws {
        let test = try DownloadCase(count: 1000)
        // Without a length the end of the connection is the end of the body.
        let server = try LocalServer.file(test.body) { _, _, answer in
            answer.hidesLength = true
        }
        var download = try test.download(server.address + "/w")
        download.size = 900
        download.digest = nil
        expectFailure(.badData, saying: "900") { [download] in _ = try download.run() }
        #expect(try test.names().isEmpty)
    }

    @Test("redirects in a circle end, and are told")
    func circle() throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in
            LocalServer.Answer(302, fields: ["Location": "/again"])
        }
        expectFailure(.unavailable, saying: "redirect", "--mirror", "`next command`") {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(server.requests.count > 5)
        #expect(try test.names().isEmpty)
    }

    @Test(
        "a redirect to what is not the web is not followed",
        arguments: ["file:///etc/hostname", "ftp://127.0.0.1/w"])
    func otherProtocol(target: String) throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in LocalServer.Answer(302, fields: ["Location": target]) }
        expectFailure(.unavailable) { _ = try test.download(server.address + "/w").run() }
        #expect(try test.names().isEmpty)
    }

    @Test("what is not there is told with its status", arguments: [401, 403, 404, 410])
    func notThere(status: Int) throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in LocalServer.Answer(status, body: [1, 2, 3]) }
        expectFailure(.unavailable, saying: "(\(status))", "--mirror", test.path) {
            _ = try test.download(server.address + "/w", retries: 3).run()
        }
        #expect(server.requests.count == 1)
        #expect(try test.names().isEmpty)
    }

    @Test("a busy server is asked again, and not for ever", arguments: [429, 503])
    func busy(status: Int) throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in LocalServer.Answer(status) }
        expectFailure(.unavailable, saying: "\(status)") {
            _ = try test.download(server.address + "/w", retries: 2).run()
        }
        #expect(server.requests.count == 3)
        #expect(try test.names().isEmpty)
    }

    @Test("a server that falls silent is given up; what came is kept")
    func silent() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body) { _, _, answer in
            answer.fallsSilentAfter = 60_000
        }
        expectFailure(.unavailable, saying: "60 kB", "same command") {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(test.contents("weights.pt.partial") == Array(test.body.prefix(60_000)))
    }

    @Test("a server that answers nothing is given up, and nothing is left")
    func nothing() throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in
            var answer = LocalServer.Answer(200)
            answer.isSilent = true
            return answer
        }
        expectFailure(.unavailable, saying: "cannot be reached", test.path) {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(try test.names().isEmpty)
    }

    @Test("without a connection the message says how to do it by hand")
    func refused() throws {
        let test = try DownloadCase()
        let address = try LocalServer { _ in LocalServer.Answer(200) }.address  // gone at once
        expectFailure(
            .unavailable,
            saying: "cannot be reached", "--proxy", test.path, "`next command`"
        ) {
            _ = try test.download(address + "/w", retries: 3).run()
        }
        #expect(try test.names().isEmpty)
    }

    @Test("a name that nobody knows is told in the same way")
    func unknownHost() throws {
        let test = try DownloadCase()
        expectFailure(.unavailable, saying: "nowhere.invalid", "cannot be reached") {
            _ = try test.download("http://nowhere.invalid/w").run()
        }
    }

    @Test("a web page is not taken for the file")
    func page() throws {
        let test = try DownloadCase()
        let server = try LocalServer { _ in
            LocalServer.Answer(
                200, fields: ["Content-Type": "text/html; charset=utf-8"], body: Array("<p>".utf8))
        }
        expectFailure(.badData, saying: "web page") {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(try test.names().isEmpty)
    }

    @Test("what is no address is a matter of usage", arguments: ["w.pt", "ftp://a/b", "http://"])
    func noAddress(text: String) throws {
        let test = try DownloadCase()
        expectFailure(.usage, saying: text, "https://") {
            _ = try test.download(text).run()
        }
    }

    @Test("an existing file of other contents is kept, unless it may be replaced")
    func exists() throws {
        let test = try DownloadCase()
        try write("mine", to: test.path)
        let server = try LocalServer.file(test.body)
        var download = try test.download(server.address + "/w")
        expectFailure(.cannotWrite, saying: "--force") { [download] in
            _ = try download.run()
        }
        #expect(test.contents() == Array("mine".utf8) && server.requests.isEmpty)
        download.force = true
        _ = try download.run()
        #expect(test.contents() == test.body)
    }

    @Test("a folder that is missing is told before anything is asked for")
    func noFolder() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body)
        var download = try test.download(server.address + "/w")
        download.path = test.folder.file("missing/weights.pt")
        expectFailure(.cannotWrite) { [download] in _ = try download.run() }
        #expect(server.requests.isEmpty)
    }

    @Test(
        "a full disk is told as such",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func fullDisk() throws {
        let test = try DownloadCase()
        // Every write to this device fails as on a disk without space.
        try FileManager.default.createSymbolicLink(
            atPath: test.path + ".partial", withDestinationPath: "/dev/full")
        let server = try LocalServer.file(test.body)
        expectFailure(.cannotWrite, saying: "the disk") {
            _ = try test.download(server.address + "/w").run()
        }
        #expect(!FileManager.default.fileExists(atPath: test.path))
    }

    @Test("two processes do not write the same partial file")
    func locked() throws {
        let test = try DownloadCase()
        let server = try LocalServer.file(test.body) { number, _, answer in
            answer.breaksAfter = 1000
        }
        expectFailure(.unavailable) { _ = try test.download(server.address + "/w").run() }
        let other = open(test.path + ".partial", O_RDWR)
        defer { close(other) }
        #expect(flock(other, LOCK_EX) == 0)
        expectFailure(.cannotWrite, saying: "another process") {
            _ = try test.download(server.address + "/w").run()
        }
    }
}
