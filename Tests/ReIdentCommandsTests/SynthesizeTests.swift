// `synthesize`: the files are data sets that the readers take, and always the same.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Synthesize")
struct SynthesizeTests {
    /// All files below a folder with their bytes.
    private func files(_ folder: String) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var isFolder: ObjCBool = false
            let path = "\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                result[name] = try Data(contentsOf: URL(filePath: path))
            }
        }
        return result
    }

    @Test("writes a manifest that reads, masks beside it, and the same bytes again")
    func manifest() throws {
        let place = try Workplace()
        let small = ["--players", "1", "--test-players", "1", "--images-per-player", "2"]
        let run = try BuiltProgram.run(
            ["synthesize", "--out", place.file("a"), "--masks", "--json"] + small)
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.object()
        #expect(report["images"] as? Int == 4)
        #expect(report["players"] as? Int == 2)

        let data = try Dataset(path: place.file("a"))
        #expect(data.format == .manifest)
        #expect(data.train.map(\.identity) == ["1-1", "1-1"])
        #expect(data.queries(in: .test).map(\.identity) == ["1-2"])
        #expect(data.gallery(in: .test).map(\.identity) == ["1-2"])
        #expect(data.images.allSatisfy { $0.caption?.isEmpty == false })
        let query = try #require(data.queries(in: .test).first?.camera)
        #expect(data.gallery(in: .test).allSatisfy { $0.camera != nil && $0.camera != query })
        #expect(
            report["readable_numbers"] as? Int == data.images.count { $0.number != nil })
        for image in data.images {
            let crop = try ImageSource(image.source).decoded()
            let stem = image.path.dropLast(".jpeg".count)
            for name in ["number", "shirt", "body"] {
                let path = place.file("a/masks/\(stem)_\(name).png")
                let mask = try ImageSource(path: path).decoded()
                #expect(mask.width == crop.width && mask.height == crop.height)
                let isFilled = mask.pixels.contains { $0 > 0 }
                if name == "number" { #expect(isFilled == (image.number != nil)) }
            }
        }

        let again = try BuiltProgram.run(
            ["synthesize", "--out", place.file("b"), "--masks", "--quiet"] + small)
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.isEmpty)
        #expect(try files(place.file("a")) == files(place.file("b")))
    }

    /// The C library, Cairo's pixel routines and the JPEG library choose by a processor's
    /// instructions; here each is told that there are none.
    @Test(
        "writes the same bytes on a processor with less instructions",
        arguments: [
            ["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX,-FMA4"],
            ["PIXMAN_DISABLE": "mmx sse2 ssse3 arm-neon"], ["JSIMD_FORCENONE": "1"],
        ])
    func instructions(environment: [String: String]) throws {
        let place = try Workplace()
        for (name, added) in [("own", [:]), ("few", environment)] {
            let run = try BuiltProgram.run(
                [
                    "synthesize", "--out", place.file(name), "--players", "2", "--test-players",
                    "0", "--images-per-player", "2", "--team-size", "1",
                ], environment: added)
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(try files(place.file("own")) == files(place.file("few")))
    }

    @Test("shows numbers from near, of the numbers and fonts that are named")
    func closeUps() throws {
        let place = try Workplace()
        let run = try reident(
            "synthesize", "--out", place.file("a"), "--players", "4", "--test-players", "0",
            "--images-per-player", "4", "--close-ups", "1", "--numbers", "5-6,00", "--fonts",
            "block,oval")
        #expect(run.status == 0, "\(run.errors)")
        let numbers = try Dataset(path: place.file("a")).images.compactMap(\.number)
        #expect(!numbers.isEmpty)
        #expect(numbers.allSatisfy { ["5", "6", "00"].contains($0) })
    }

    @Test("words captions as asked, of the same pictures")
    func captions() throws {
        let place = try Workplace()
        for (name, style) in [("a", "varied"), ("b", "short"), ("c", "shirt")] {
            let run = try reident(
                "synthesize", "--out", place.file(name), "--players", "4", "--test-players", "0",
                "--images-per-player", "3", "--close-ups", "0.5", "--captions", style)
            #expect(run.status == 0, "\(run.errors)")
        }
        let data = try ["a", "b", "c"].map { try Dataset(path: place.file($0)) }
        let files = try zip(["a", "b", "c"], data).map { name, set in
            try set.images.map { image in
                try Data(contentsOf: URL(filePath: place.file("\(name)/\(image.path)")))
            }
        }
        #expect(files[0] == files[1] && files[0] == files[2])
        #expect(data[0].images.map(\.caption) != data[1].images.map(\.caption))
        for image in data[1].images + data[2].images {
            let words = try #require(image.caption).split(separator: " ")
            #expect(words.count <= 2 || words.contains("shirt") || words.contains("shirt,"))
        }
    }

    @Test(
        "refuses numbers, fonts and shares that there are not",
        arguments: [
            ["--numbers", "5-100"], ["--numbers", "00-5"], ["--numbers", "7-5"],
            ["--numbers", "1,,2"], ["--fonts", "varsity,comic"], ["--close-ups", "1.5"],
        ])
    func choices(options: [String]) throws {
        let place = try Workplace()
        let run = try BuiltProgram.run(["synthesize", "--out", place.file("a")] + options)
        #expect(run.status == 64)
        #expect(run.errors.contains(options[0]))
        #expect(!FileManager.default.fileExists(atPath: place.file("a")))
    }

    @Test("with one camera the manifest names none, so that queries count")
    func oneCamera() throws {
        let place = try Workplace()
        let run = try reident(
            "synthesize", "--out", place.file("a"), "--players", "0", "--test-players", "1",
            "--images-per-player", "2", "--cameras", "1")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Dataset(path: place.file("a")).images.allSatisfy { $0.camera == nil })
    }

    @Test("writes SynergyReID's layout, and --force is needed to write it again")
    func synergyReID() throws {
        let place = try Workplace()
        let arguments = [
            "synthesize", "--out", place.file("s"), "--players", "1", "--test-players", "1",
            "--images-per-player", "2", "--layout", "synergyreid",
        ]
        let run = try BuiltProgram.run(arguments)
        #expect(run.status == 0, "\(run.errors)")
        let data = try Dataset(path: place.file("s"))
        #expect(data.format == .synergyReID)
        #expect(data.skipped.isEmpty)
        #expect(data.train.count == 2)
        for (split, identity) in [(Split.test, "2"), (Split.challenge, "3")] {
            #expect(data.queries(in: split).map(\.identity) == [identity])
            #expect(data.gallery(in: split).map(\.identity) == [identity])
        }
        #expect(data.images.allSatisfy { $0.isLabelled })

        let refused = try BuiltProgram.run(arguments)
        #expect(refused.status == 73)
        #expect(refused.errors.contains("--force"))
        let replaced = try BuiltProgram.run([
            "synthesize", "--out", place.file("s"), "--players", "1", "--test-players", "0",
            "--images-per-player", "2", "--force",
        ])
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try place.names(in: "s") == ["manifest.csv", "train"])
        let home = try place.write("mine", to: "home/thesis.txt")
        let foreign = try reident("synthesize", "--out", place.file("home"), "--force")
        #expect(foreign.status == 73)
        #expect(FileManager.default.fileExists(atPath: home))
    }

    @Test(
        "refuses counts that make no data set",
        arguments: [
            ["--images-per-player", "1"], ["--cameras", "0"], ["--players", "-1"],
            ["--players", "0", "--test-players", "0"], ["--layout", "market"],
        ])
    func counts(options: [String]) throws {
        let place = try Workplace()
        let run = try BuiltProgram.run(["synthesize", "--out", place.file("x")] + options)
        #expect(run.status == 64, "\(run.errors)")
        #expect(try place.names().isEmpty)
    }

    @Test("Ctrl-C ends it with 130, and nothing is left")
    func interrupted() throws {
        let place = try Workplace()
        let run = try BuiltProgram.run(["synthesize", "--out", place.file("x")]) { process in
            usleep(400_000)
            kill(process.processIdentifier, SIGINT)
        }
        #expect(run.status == 130, "\(run.errors)")
        #expect(try place.names().isEmpty)
    }
}
