// Data sets described by a manifest.csv.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import Testing

@Suite("manifest.csv")
struct ManifestTests {
    let builder: DatasetBuilder

    init() throws { builder = try DatasetBuilder() }

    private static let header = "path,identity,camera,split,role\n"

    @Test("every column is read, in any order, with quotes and byte order mark")
    func readsColumns() throws {
        try builder.add(["a/1.png", "a/2.png", "b, c.jpg", "d.jpg", "unnamed.png", "notes.txt"])
        try builder.add(
            "manifest.csv",
            "\u{FEFF}caption,split,role,number,identity,path,camera\r\n"
                + "\"a \"\"tall\"\" one\",train,,00,Ann Other,./a/1.png,left\r\n"
                + ",train,query,,Ann Other,a/2.png,\r\n"
                + ",test,gallery,7,Bo,\"b, c.jpg\",1\r\n,test,query,7,Bo,d.jpg,2\r\n")
        let dataset = try builder.read()
        #expect(dataset.format == .manifest)
        #expect(dataset.images.map(\.path) == ["a/1.png", "a/2.png", "b, c.jpg", "d.jpg"])
        let first = try #require(dataset.images.first)
        #expect(first.identity == "Ann Other" && first.camera == "left" && first.number == "00")
        #expect(first.caption == "a \"tall\" one" && first.role == nil && first.split == .train)
        #expect(try first.source.read() == Array("a/1.png".utf8))
        #expect(dataset.train.last?.role == nil && dataset.train.last?.camera == nil)
        #expect(dataset.queries(in: .test).map(\.path) == ["d.jpg"])
        #expect(dataset.gallery(in: .test).map(\.path) == ["b, c.jpg"])
        #expect(dataset.skipped.map(\.count) == [1, 1])
        #expect(dataset.skipped.flatMap(\.examples) == ["notes.txt", "unnamed.png"])
    }

    @Test("it wins over every other layout")
    func wins() throws {
        try builder.add(["bounding_box_train/0001_c1s1_000001_00.jpg"])
        try builder.add(
            "manifest.csv",
            Self.header + "bounding_box_train/0001_c1s1_000001_00.jpg,X,9,train,\n")
        let dataset = try builder.read()
        #expect(dataset.format == .manifest)
        #expect(dataset.images.map(\.identity) == ["X"])
    }

    @Test(
        "a fault is named with its line",
        arguments: [
            ("path,identity,camera,split\na.png,A,,train\n", "line 1", "'role' is missing"),
            ("path,identity,camera,split,role,age\n", "line 1", "'age' is unknown"),
            (header + "a.png,A,,train,\nb.png,A,,train,\na.png,A,,train,\n", "line 4", "line 2"),
            (header + "a.png,A,,train,\n./a.png,A,,train,\n", "line 3", "line 2"),
            (header + "../a.png,A,,train,\n", "line 2", "leads out"),
            (header + "x/../../a.png,A,,train,\n", "line 2", "leads out"),
            (header + "/a.png,A,,train,\n", "line 2", "leads out"),
            (header + ",A,,train,\n", "line 2", "path is empty"),
            (header + "c.png,A,,train,\n", "line 2", "no file 'c.png'"),
            (header + "a.png,A,,dev,\n", "line 2", "'dev'"),
            (header + "a.png,A,,,\n", "line 2", "train, test or challenge"),
            (header + "a.png,A,,test,probe\n", "line 2", "'probe'"),
            (header + "a.png,,,train,\n", "line 2", "identity is empty"),
            (header + "a.png,A,,train\n", "line 2", "4 fields"),
            (header + "a.png,\"A,,train,\n", "line 2", "quote"),
            (header, "no image", "manifest.csv"),
            ("", "manifest.csv", "empty"),
        ])
    func namesLine(text: String, line: String, fault: String) throws {
        try builder.add(["a.png", "b.png"])
        try builder.add("manifest.csv", text)
        expectFailure(.badData, saying: builder.path, line, fault) { _ = try builder.read() }
    }

    @Test("a player in the training part and in another is refused by name")
    func refusesOverlap() throws {
        try builder.add(["a.png", "b.png", "c.png"])
        try builder.add(
            "manifest.csv",
            Self.header + "a.png,Ann,,train,\nb.png,Ann,,test,query\nc.png,Ann,,test,gallery\n")
        expectFailure(.badData, saying: "'Ann'", "training part") { _ = try builder.read() }
    }

    @Test("a test part without any role gets the first image of each player and camera as query")
    func completesRoles() throws {
        try builder.add(["1.png", "2.png", "3.png", "4.png"])
        try builder.add(
            "manifest.csv",
            Self.header + "1.png,A,l,test,\n2.png,A,r,test,\n3.png,A,l,test,\n4.png,A,r,test,\n")
        let dataset = try builder.read()
        #expect(dataset.queries(in: .test).map(\.path) == ["1.png", "2.png"])
        #expect(dataset.gallery(in: .test).map(\.path) == ["3.png", "4.png"])
        #expect(dataset.notes.count == 1)
    }

    @Test("an image without a role beside others with one is left out and counted")
    func leavesOutRoleless() throws {
        try builder.add(["1.png", "2.png", "3.png"])
        try builder.add(
            "manifest.csv",
            Self.header + "1.png,A,,test,query\n2.png,A,,test,gallery\n3.png,A,,test,\n")
        let dataset = try builder.read()
        #expect(dataset.images.count == 2)
        #expect(dataset.skipped.first?.examples == ["3.png"])
    }

    @Test("a challenge part may leave identities open and is then not labelled")
    func openChallenge() throws {
        try builder.add(["q/12.png", "g/13.png"])
        try builder.add(
            "manifest.csv",
            Self.header + "q/12.png,,,challenge,query\ng/13.png,,,challenge,gallery\n")
        let retrieval = try builder.read().retrieval(in: .challenge)
        #expect(!retrieval.isLabelled)
        #expect(retrieval.queryIdentities == ["12"])
        #expect(retrieval.galleryIdentities == ["13"])
    }

    @Test("a zip archive with a folder around it is read")
    func readsZip() throws {
        let dataset = try builder.readZip(
            ["crops/a.png", "crops/manifest.csv", "__MACOSX/crops/._a.png"],
            contents: ["crops/manifest.csv": Self.header + "a.png,A,,train,\n"])
        #expect(dataset.format == .manifest)
        #expect(dataset.images.map(\.path) == ["a.png"])
        #expect(try dataset.images.first?.source.read() == Array("crops/a.png".utf8))
    }
}
