// Digests, archives and folder listings.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Message digests")
struct MessageDigestTests {
    @Test(
        "known texts have their published digests",
        arguments: [
            (MessageDigest.md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
            (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func knownDigests(digest: MessageDigest, text: String, expected: String) throws {
        #expect(try digest.hexadecimal(of: text) == expected)
    }

    @Test("a file of several pieces has the digest of its bytes")
    func fileEqualsBytes() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<(5 << 19) + 3).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try write(bytes, to: folder.file("big"))
        let expected = try MessageDigest.sha256.hexadecimal(of: bytes)
        #expect(try MessageDigest.sha256.hexadecimal(ofFile: folder.file("big")) == expected)
        expectFailure(.inputNotFound, saying: "none") {
            _ = try MessageDigest.sha256.hexadecimal(ofFile: folder.file("none"))
        }
    }
}

@Suite("Zip archives")
struct ZipArchiveTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func archive(_ fill: (inout StoredZip) -> Void) throws -> String {
        var zip = StoredZip()
        fill(&zip)
        let path = folder.file("data.zip")
        try zip.write(to: path)
        return path
    }

    @Test("files are listed in order and read from several threads")
    func readsEntries() throws {
        let path = try archive { zip in
            zip.add("data/", [])
            for number in 0..<20 { zip.add("data/\(number).jpeg", [UInt8](0...UInt8(number))) }
            zip.add("data/é.txt", [])
        }
        let zip = try ZipArchive(path: path)
        #expect(zip.entries.count == 21)
        #expect(zip.entries.first?.name == "data/0.jpeg")
        #expect(zip.entries.last?.name == "data/é.txt")
        parallelForEach(count: 200) { index in
            let name = "data/\(index % 20).jpeg"
            let bytes = try? ByteSource.zipEntry(zip, name: name).read()
            #expect(bytes == [UInt8](0...UInt8(index % 20)))
        }
        #expect(ByteSource.zipEntry(zip, name: "a/b.png").description == "\(path):a/b.png")
        expectFailure(.inputNotFound, saying: "none.jpeg") { _ = try zip.read("none.jpeg") }
    }

    @Test("compressed files are unpacked")
    func readsDeflated() throws {
        // "a.txt" of 1,000 letters a, as Python's zipfile stores it.
        let text =
            "UEsDBBQAAAAIAAAAIQAD2jiaCwAAAOgDAAAFAAAAYS50eHRLTBwFo2AUDHcAAFBLAQIUAxQAAAAIAAAAIQAD2j"
            + "iaCwAAAOgDAAAFAAAAAAAAAAAAAACAAQAAAABhLnR4dFBLBQYAAAAAAQABADMAAAAuAAAAAAA="
        let bytes = try #require(Data(base64Encoded: text))
        try write(Array(bytes), to: folder.file("deflated.zip"))
        let zip = try ZipArchive(path: folder.file("deflated.zip"))
        #expect(try zip.read("a.txt") == [UInt8](repeating: 0x61, count: 1_000))
    }

    @Test("an encrypted file is a sentence")
    func refusesEncrypted() throws {
        let path = try archive {
            $0.add("a.jpeg", [UInt8](repeating: 7, count: 40), isEncrypted: true)
        }
        let zip = try ZipArchive(path: path)
        expectFailure(.badData, saying: "\(path):a.jpeg", "encrypted") {
            _ = try zip.read("a.jpeg")
        }
    }

    @Test("a damaged file is found by its checksum")
    func refusesDamage() throws {
        let path = try archive { $0.add("a.jpeg", [UInt8](repeating: 7, count: 40)) }
        var bytes = try Array(Data(contentsOf: URL(filePath: path)))
        bytes[45] = 9
        try write(bytes, to: path)
        let zip = try ZipArchive(path: path)
        expectFailure(.badData, saying: "a.jpeg", "checksum") { _ = try zip.read("a.jpeg") }
    }

    @Test("an entry that claims more than a gigabyte is not unpacked")
    func refusesBombs() throws {
        let path = try archive { $0.add("a.jpeg", [1, 2, 3], claimedSize: 3 << 30) }
        let zip = try ZipArchive(path: path)
        expectFailure(.badData, saying: "a.jpeg", "\(3 << 30)") { _ = try zip.read("a.jpeg") }
    }

    @Test("a name that is listed twice is refused")
    func refusesDuplicates() throws {
        let path = try archive { zip in
            zip.add("a.jpeg", [1])
            zip.add("a.jpeg", [2])
        }
        expectFailure(.badData, saying: "a.jpeg", "twice") { _ = try ZipArchive(path: path) }
    }

    @Test("what is no archive, or only a part of one, is bad data")
    func refusesOthers() throws {
        let path = try archive { $0.add("a.jpeg", [UInt8](repeating: 7, count: 4_000)) }
        let whole = try Array(Data(contentsOf: URL(filePath: path)))
        for bytes in [Array("no archive".utf8), Array(whole.prefix(2_000))] {
            try write(bytes, to: path)
            expectFailure(.badData, saying: path) { _ = try ZipArchive(path: path) }
        }
        expectFailure(.inputNotFound, saying: "none.zip") {
            _ = try ZipArchive(path: folder.file("none.zip"))
        }
    }
}

@Suite("Image listing")
struct ImageListingTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("images are found recursively, sorted by bytes, and other files are counted")
    func listsSorted() throws {
        let images = ["B.JPG", "a-1/x.webp", "a/z.Png", "b.jpeg", "é.jpg", ".hidden.png"]
        for name in images + ["notes.txt", "a/._z.png", "jpg", "c.jpeg.bak"] {
            try write("x", to: folder.file(name))
        }
        let listing = try ImageListing(folder: folder.path)
        let sorted = [".hidden.png", "B.JPG", "a-1/x.webp", "a/z.Png", "b.jpeg", "é.jpg"]
        #expect(listing.images == sorted)
        #expect(listing.skipped == ["a/._z.png", "c.jpeg.bak", "jpg", "notes.txt"])
    }

    @Test("links are followed, and cycles and broken links are skipped and counted")
    func followsLinks() throws {
        let elsewhere = try TemporaryFolder()
        try write("x", to: elsewhere.file("deep/1.png"))
        try write("x", to: folder.file("own/2.png"))
        let links = [
            ("linked", elsewhere.path), ("own/up", ".."), ("broken.png", "nowhere"),
            ("2.png", "own/2.png"),
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(name), withDestinationPath: target)
        }
        let listing = try ImageListing(folder: folder.path)
        #expect(listing.images == ["2.png", "linked/deep/1.png", "own/2.png"])
        #expect(listing.skipped.count == 2)
    }

    @Test("a name that is not UTF-8 is skipped and counted")
    func skipsUnreadableNames() throws {
        try write("x", to: folder.file("1.png"))
        let name = Array(folder.file("").utf8) + [0xE9] + Array(".png".utf8)
        let descriptor = (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
            $0.baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o600) } ?? -1
        }
        guard descriptor >= 0 else { return }  // macOS has no such names
        close(descriptor)
        let listing = try ImageListing(folder: folder.path)
        #expect(listing.images == ["1.png"])
        #expect(listing.skipped.count == 1)
        #expect(listing.skipped.first?.hasSuffix("(its name is not UTF-8)") == true)
    }

    @Test("paths are gathered in the order given, files whatever their name")
    func gathers() throws {
        for name in ["in/2.png", "in/1.png", "in/readme", "plain"] {
            try write("x", to: folder.file(name))
        }
        let (images, skipped) = try ImageListing.gather([
            folder.file("plain"), folder.file("in/"), folder.file("in/2.png"),
        ])
        let expected = ["plain", "in/1.png", "in/2.png", "in/2.png"].map { folder.file($0) }
        #expect(images == expected)
        #expect(skipped == 1)
        expectFailure(.inputNotFound, saying: "none") {
            _ = try ImageListing.gather([folder.file("none")])
        }
        expectFailure(.inputNotFound, saying: "is a file") {
            _ = try ImageListing(folder: folder.file("plain"))
        }
    }
}
