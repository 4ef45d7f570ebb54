// Outputs appear whole or not at all, and refuse to overwrite without being told to.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentFiles

@Suite("Outputs")
struct OutputTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func contents(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test("a file appears when it is finished and not before")
    func appearsWhole() throws {
        let path = folder.file("out.csv")
        let file = try OutputFile(path: path)
        try file.write("hello ")
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.write([UInt8](repeating: 0x61, count: 3 << 20))
        try file.write(" end")
        try file.finish()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("hello aaa") && text.hasSuffix("a end"))
        #expect(text.count == 6 + 3 << 20 + 4)
        #expect(try contents(folder.path) == ["out.csv"])
    }

    @Test("a file that is given up leaves nothing and keeps what was there")
    func leavesNothing() throws {
        let path = folder.file("out.csv")
        try OutputFile.write("old", to: path)
        do {
            let file = try OutputFile(path: path, force: true)
            try file.write("new")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try contents(folder.path) == ["out.csv"])
        try OutputFile.write("new", to: path, force: true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    }

    @Test(
        "the folder of a path is found, for names of one letter too",
        arguments: [
            ("a", "."), ("ü", "."), ("a/", "."), ("a//", "."), ("ab", "."), ("/a", "/"),
            ("//a", "/"), ("/", "/"), ("a/b", "a"), ("./a", "."), ("../a", ".."), ("x//a", "x"),
            ("/x/a/", "/x"),
        ])
    func parents(path: String, parent: String) {
        #expect(Output.parentFolder(of: path) == parent)
    }

    @Test("an existing output is refused without force, by name")
    func refusesExisting() throws {
        let path = folder.file("out.csv")
        try OutputFile.write("old", to: path)
        expectFailure(.cannotWrite, saying: path, "--force") { _ = try OutputFile(path: path) }
        expectFailure(.cannotWrite, saying: path, "--force") { _ = try OutputFolder(path: path) }
        expectFailure(.cannotWrite, saying: path, "is a file") {
            _ = try OutputFolder(path: path, force: true)
        }
        expectFailure(.cannotWrite, saying: folder.path, "is a folder") {
            _ = try OutputFile(path: folder.path, force: true)
        }
    }

    @Test("a missing parent folder is named", arguments: [false, true])
    func namesParent(force: Bool) {
        let path = folder.file("none/out")
        expectFailure(.cannotWrite, saying: folder.file("none"), "does not exist") {
            _ = try OutputFile(path: path, force: force)
        }
        expectFailure(.cannotWrite, saying: folder.file("none"), "does not exist") {
            _ = try OutputFolder(path: path, force: force)
        }
    }

    @Test("a parent that is a file is refused")
    func parentIsFile() throws {
        try OutputFile.write("x", to: folder.file("file"))
        expectFailure(.cannotWrite, saying: folder.file("file/out")) {
            _ = try OutputFile(path: folder.file("file/out"))
        }
    }

    @Test("a link is followed, so the file it leads to is replaced")
    func followsLink() throws {
        try OutputFile.write("old", to: folder.file("real"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: "real")
        try OutputFile.write("new", to: folder.file("link"), force: true)
        #expect(try String(contentsOfFile: folder.file("real"), encoding: .utf8) == "new")
        #expect(try contents(folder.path) == ["link", "real"])
    }

    @Test("a device is written directly")
    func writesDevice() throws {
        try OutputFile.write("nothing", to: "/dev/null")
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("a full disk is a sentence")
    func fullDisk() {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        expectFailure(.cannotWrite, saying: "/dev/full", "disk is full") {
            try OutputFile.write("x", to: "/dev/full")
        }
    }

    @Test("a log grows line by line, and a full disk or a missing folder is a sentence")
    func appends() throws {
        for line in ["one\n", "two\n"] {
            try AppendedFile.append(Array(line.utf8), to: folder.file("log"))
        }
        #expect(try String(contentsOfFile: folder.file("log"), encoding: .utf8) == "one\ntwo\n")
        expectFailure(.cannotWrite, saying: "none/log") {
            try AppendedFile.append([1], to: folder.file("none/log"))
        }
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        expectFailure(.cannotWrite, saying: "/dev/full", "disk is full") {
            try AppendedFile.append([1], to: "/dev/full")
        }
    }

    @Test("a folder appears when it is finished and replaces the old one whole")
    func replacesFolder() throws {
        let path = folder.file("package")
        let first = try OutputFolder(path: path + "/")
        try write("1", to: first.file("config.json"))
        try write("1", to: first.file("deep/old.txt"))
        #expect(!FileManager.default.fileExists(atPath: path))
        try first.finish()
        #expect(try contents(path) == ["config.json", "deep"])

        expectFailure(.cannotWrite, saying: path, "--force") { _ = try OutputFolder(path: path) }
        let second = try OutputFolder(path: path, force: true, replacingOnlyWith: ["config.json"])
        try write("2", to: second.file("config.json"))
        #expect(try String(contentsOfFile: path + "/config.json", encoding: .utf8) == "1")
        try second.finish()
        #expect(try String(contentsOfFile: path + "/config.json", encoding: .utf8) == "2")
        #expect(try contents(path) == ["config.json"])
        #expect(try contents(folder.path) == ["package"])
    }

    @Test("what appeared at the destination during the work is not replaced without force")
    func sparesLatecomers() throws {
        let file = try OutputFile(path: folder.file("file"))
        let output = try OutputFolder(path: folder.file("folder"))
        try write("theirs", to: folder.file("file"))
        try write("theirs", to: folder.file("folder/file"))
        expectFailure(.cannotWrite, saying: "--force") { try file.finish() }
        expectFailure(.cannotWrite, saying: "--force") { try output.finish() }
        #expect(try String(contentsOfFile: folder.file("file"), encoding: .utf8) == "theirs")
        #expect(try contents(folder.path) == ["file", "folder"])
    }

    @Test("what a killed process left is removed, what a living one writes is not")
    func removesRemains() throws {
        // No system gives out numbers of processes as high as this.
        let dead = [".out.2000000000-1234abcd.partial", ".out.2000000000-12345678.partial"]
        let kept = [".out.\(getpid())-12345678.partial", ".out2.2000000000-1.partial", ".out.x"]
        try write("half", to: folder.file(dead[0]))
        try write("half", to: folder.file(dead[1] + "/file"))
        for name in kept { try write("half", to: folder.file(name)) }
        try OutputFile.write("whole", to: folder.file("out"))
        #expect(try contents(folder.path) == (kept + ["out"]).sorted())
    }

    @Test("a folder that is given up leaves nothing and keeps what was there")
    func folderLeavesNothing() throws {
        let path = folder.file("package")
        try write("1", to: path + "/config.json")
        do {
            let output = try OutputFolder(path: path, force: true)
            try write("2", to: output.file("config.json"))
        }
        #expect(try String(contentsOfFile: path + "/config.json", encoding: .utf8) == "1")
        #expect(try contents(folder.path) == ["package"])
    }

    @Test("force does not replace a folder that holds something else")
    func sparesOtherFolders() throws {
        try write("dear", to: folder.file("home/diary.txt"))
        expectFailure(.cannotWrite, saying: "diary.txt", "config.json") {
            _ = try OutputFolder(
                path: folder.file("home"), force: true, replacingOnlyWith: ["config.json"])
        }
    }
}
