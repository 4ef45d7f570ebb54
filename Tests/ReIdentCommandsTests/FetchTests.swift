// `models fetch` and `data fetch` by the built program, from a server on this machine.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Fetching")
struct FetchTests {
    let place: Workplace
    private let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }

    init() throws { place = try Workplace() }

    /// A hub that names the checksum of what it has.
    private func hub() throws -> LocalServer {
        let digest = try MessageDigest.sha256.hexadecimal(of: body)
        return try LocalServer.file(body) { _, _, answer in
            answer.fields["X-Linked-ETag"] = "\"\(digest)\""
        }
    }

    @Test("weights come into the folder that was named, with the command that goes on")
    func weights() throws {
        let hub = try hub()
        let run = try reident(
            "models", "fetch", "ViT-B-16:openai", "--out", place.path, "--mirror", hub.address,
            "--json")
        #expect(run.status == 0, "\(run.errors)")
        let path = place.file("ViT-B-16-openai.safetensors")
        #expect(try Array(Data(contentsOf: URL(filePath: path))) == body)
        #expect(
            hub.requests.map(\.path) == [
                "/timm/vit_base_patch16_clip_224.openai/resolve/main/open_clip_model.safetensors"
            ])
        let report = try run.object()
        #expect(report["path"] as? String == path && report["size"] as? Int == 200_000)
        #expect(report["fetched"] as? Bool == true)
        #expect(report["digest_compared_with"] as? String == "server")
        #expect(
            report["next"] as? String
                == "reident models import \(path) --arch ViT-B-16-quickgelu "
                + "--out ViT-B-16-openai")
        #expect(run.errors.contains("Fetching ViT-B-16:openai: 200 kB in"))
    }

    @Test("the mirror may come from the environment")
    func environment() throws {
        let hub = try hub()
        let run = try reident(
            "models", "fetch", "ViT-B-16:openai", "--out", place.file("w.safetensors"),
            environment: ["REIDENT_MIRROR": hub.address])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try place.names() == ["w.safetensors"])
        #expect(run.output.contains("models import \(place.file("w.safetensors"))"))
    }

    @Test("what is not the published file is refused with 65 and removed")
    func wrong() throws {
        let server = try LocalServer.file(body)
        let run = try reident(
            "models", "fetch", "ViT-B/16", "--out", place.path, "--mirror", server.address)
        expectFailure(
            run, code: 65,
            saying: ["5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", "SHA-256"])
        #expect(try place.names().isEmpty)
        let data = try reident(
            "data", "fetch", "synergyreid-2023", "--out", place.path, "--mirror", server.address)
        expectFailure(data, code: 65, saying: ["2a1cdbd10d2b8f0da6575e3581343e31", "MD5"])
        #expect(try place.names().isEmpty)
    }

    @Test("without a network the message says what to do by hand, with 69")
    func offline() throws {
        let address = try LocalServer { _ in LocalServer.Answer(200) }.address  // gone at once
        let run = try reident(
            "models", "fetch", "ViT-L-14", "--out", place.path, "--mirror", address)
        expectFailure(
            run, code: 69,
            saying: [
                "cannot be reached", place.file("ViT-L-14.pt"),
                "reident models import \(place.file("ViT-L-14.pt")) --arch ViT-L-14-quickgelu",
            ])
    }

    @Test("Ctrl-C keeps what came, and the same command goes on from there")
    func interrupted() throws {
        let server = try LocalServer.file(body) { number, _, answer in
            if number == 1 { answer.fallsSilentAfter = 50_000 }
        }
        let arguments = [
            "data", "fetch", "synergyreid-2022", "--out", place.file("d.zip"), "--mirror",
            server.address,
        ]
        let partial = place.file("d.zip.partial")
        let run = try BuiltProgram.run(arguments) { process in
            while process.isRunning,
                (try? Data(contentsOf: URL(filePath: partial)).count) ?? 0 < 50_000
            { usleep(20_000) }
            kill(process.processIdentifier, SIGINT)
        }
        expectFailure(run, code: 130, saying: ["50 kB are kept", "same command"])
        #expect(try place.names() == ["d.zip.partial", "d.zip.partial.json"])
        // It is not the real data, so the second run fails too, but only at the end.
        let second = try BuiltProgram.run(arguments)
        expectFailure(second, code: 65, saying: ["05715857791e2e88b2f11e4037fbec7d"])
        #expect(server.requests.map(\.firstByte) == [nil, 50_000])
    }

    @Test(
        "what is not understood is 64",
        arguments: [
            ["models", "fetch"], ["models", "fetch", "ViT-X"], ["data", "fetch", "market"],
            ["models", "fetch", "RN50", "--mirror", "example.org"],
            ["models", "fetch", "RN50", "--patience", "0"],
        ])
    func usage(arguments: [String]) throws {
        #expect(try BuiltProgram.run(arguments, in: place.path).status == 64)
        #expect(try place.names().isEmpty)
    }

    @Test("an existing file needs --force")
    func exists() throws {
        let hub = try hub()
        let path = try place.write("mine", to: "w.safetensors")
        let arguments = [
            "models", "fetch", "ViT-B-16:openai", "--out", path, "--mirror", hub.address,
        ]
        expectFailure(try BuiltProgram.run(arguments), code: 73, saying: ["--force"])
        #expect(hub.requests.isEmpty)
        #expect(try BuiltProgram.run(arguments + ["--force"]).status == 0)
        #expect(try Array(Data(contentsOf: URL(filePath: path))) == body)
    }

    @Test("--list names everything with its page")
    func list() throws {
        let rows = try reident("models", "fetch", "--list", "--json").objects()
        let large = try #require(rows.first { $0["name"] as? String == "ViT-L-14" })
        #expect(large["architecture"] as? String == "ViT-L-14-quickgelu")
        #expect((large["sha256"] as? String)?.count == 64)
        let archive = try #require(rows.first { $0["name"] as? String == "clip_reid" })
        #expect(archive["architecture"] is NSNull && archive["sha256"] is NSNull)
    }
}
