// Readers of safetensors, zip archives and tables.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentMetrics

extension FuzzTarget {
    /// Any safetensors file, all its numbers read.
    static let safetensors = FuzzTarget(
        name: "safetensors",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.safetensors")
            let file = try SafetensorsFile(path: path)
            for (name, entry) in file.tensors {
                precondition(entry.byteRange.upperBound <= bytes.count)
                let isNumber = entry.elementType.isFloatingPoint
                let count = isNumber ? try file.floats(name).count : entry.elementCount
                precondition(count == entry.shape.reduce(1, *))
            }
        },
        seeds: { try tensorFiles })

    /// Distance matrices with ids and cameras.
    static let matrices = FuzzTarget(
        name: "matrices",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.safetensors")
            let read = try LabelledDistances.read(path)
            precondition(read.galleryIdentities.count == read.distances.galleryCount)
            precondition(read.queryIdentities.count == read.distances.queryCount)
        },
        seeds: { try tensorFiles })

    /// Weights beside a configuration that they may or may not fit.
    static let weights = FuzzTarget(
        name: "weights",
        read: { bytes in
            let folder = try PackageFolder.shared.get().replacing(
                ModelPackage.weightsFile, by: bytes)
            _ = try ModelPackage.open(folder).inspect()
        },
        seeds: { [try PackageFolder.shared.get().weights] })

    /// A zip archive, all its files unpacked, and as a data set.
    static let zip = FuzzTarget(
        name: "zip",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.zip")
            expectDiagnosis(of: "zip as a data set") { _ = try Dataset(path: path) }
            let archive = try ZipArchive(path: path)
            for entry in archive.entries where entry.size < 1 << 22 {
                expectDiagnosis(of: "zip entry") {
                    let bytes = try archive.read(entry)
                    precondition(bytes.count == entry.size)
                }
            }
        },
        seeds: { zipArchives })

    /// A table, its fields also taken as numbers.
    static let table = FuzzTarget(
        name: "table",
        read: { bytes in
            try bytes.withUnsafeBytes { raw in
                let table = try CSVTable(bytes: raw, path: "input.csv")
                precondition(table.rows.allSatisfy { $0.fields.count == table.header.count })
                var scanner = CSVScanner(bytes: raw, path: "input.csv")
                var fields: [CSVScanner.Field] = []
                while try scanner.next(into: &fields) {
                    for field in fields {
                        _ = (scanner.number(field), scanner.integer(field), try scanner.text(field))
                    }
                }
            }
        },
        seeds: {
            utf8(["a,b\n1,2\n", "\"a\"\"b\",c\r\n\"x\n\",-1.5e3\r\n", "\u{FEFF}step\n 12.25 \n"])
        })

    /// An EvalAI submission.
    static let submission = FuzzTarget(
        name: "submission",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.csv")
            let read = try LabelledDistances.read(path)
            precondition(read.galleryIdentities.count == read.distances.galleryCount)
        },
        seeds: { utf8(["0,1,2\n1,0.1,0.9\n", "0, 7,,\"a, b\"\r\n12, 0.50000,1e-3,-2\r\n"]) })

    /// A data set's manifest beside three files.
    static let manifest = FuzzTarget(
        name: "manifest",
        read: { bytes in
            let folder = try Scratch.shared.folder("data")
            for name in ["a.png", "b c.jpg", "d.jpeg"] {
                _ = try Scratch.shared.write([], to: "data/\(name)")
            }
            _ = try Scratch.shared.write(bytes, to: "data/manifest.csv")
            let dataset = try Dataset(path: folder)
            precondition(dataset.images.count <= 3)
        },
        seeds: {
            utf8([
                "path,identity,camera,split,role\na.png,1,,train,\nb c.jpg,2,x,test,query\n",
                """
                role,split,camera,identity,path,number,caption
                gallery,test,"1",7,./d.jpeg,23,"a ""red"" shirt"
                query,test,2,7,a.png,,
                ,challenge,,,b c.jpg,,

                """,
            ])
        })

    /// Batches of a training.
    static let pairs = FuzzTarget(
        name: "pairs",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "pairs.csv")
            let images = ["a.png", "b/c.png"].map { name in
                PlayerImage(
                    path: name, source: .file(name), identity: name, camera: nil, split: .train,
                    role: nil, number: nil, caption: nil, isLabelled: true)
            }
            _ = try PairsFile(path: path, images: images)
        },
        seeds: {
            utf8([
                "step,query,gallery\n1,a.png,b/c.png\n1,./b//c.png,a.png\n-2,a.png,a.png\n"
            ])
        })
}

/// Texts as bytes.
func utf8(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

/// Files of tensors: plain ones, and one of distances.
private var tensorFiles: [[UInt8]] {
    get throws {
        typealias Tensor = SafetensorsWriter.Tensor
        let cases: [([Tensor], [String: String])] = [
            ([Tensor(name: "a", shape: [2, 3], values: [1, 2, 3, 4, 5, 6])], ["k": "v"]),
            (
                [
                    Tensor(name: "h", shape: [], values: [1], as: .float16),
                    Tensor(name: "b", shape: [0, 4], values: [], as: .bfloat16),
                    Tensor(name: "d", shape: [1], values: [2], as: .float64),
                ], [:]
            ),
            (
                [
                    Tensor(name: "distances", shape: [2, 3], values: [0, 1, 2, 3, 4, 5]),
                    Tensor(name: "query_ids", shape: [2], integers: [1, 2]),
                    Tensor(name: "gallery_ids", shape: [3], integers: [1, 2, 3]),
                    Tensor(name: "query_distances", shape: [2, 2], values: [0, 1, 1, 0]),
                ],
                ["query_cameras": "[\"1\", 2]", "gallery_cameras": "[\"a\", \"b\", \"c\"]"]
            ),
            (
                [Tensor(name: "distances", shape: [1, 2], values: [0, 1], as: .float16)],
                ["query_ids": "[7]", "gallery_ids": "[\"\\u00e9\", null]"]
            ),
        ]
        return try cases.map { tensors, metadata in
            let path = "\(Scratch.shared.path)/seed.safetensors"
            try SafetensorsWriter.write(to: path, tensors: tensors, metadata: metadata, force: true)
            return try Array(Data(contentsOf: URL(filePath: path)))
        }
    }
}

/// A stored and a compressed file, and an empty archive.
private let zipArchives: [[UInt8]] = [
    // "bounding_box_test/0001_c1s1_000001_00.jpg" with three bytes, stored.
    [
        "UEsDBBQAAAAAAAAAIQDCQSQ1AwAAAAMAAAApAAAAYm91bmRpbmdfYm94X3Rlc3QvMDAwMV9jMXMxXzAwMDAw",
        "MV8wMC5qcGdhYmNQSwECFAMUAAAAAAAAACEAwkEkNQMAAAADAAAAKQAAAAAAAAAAAAAAgAEAAAAAYm91bmRp",
        "bmdfYm94X3Rlc3QvMDAwMV9jMXMxXzAwMDAwMV8wMC5qcGdQSwUGAAAAAAEAAQBXAAAASgAAAAAA",
    ],
    // "p/a.txt" of 1,000 letters, compressed.
    [
        "UEsDBBQAAAAIAAAAIQAD2jiaCwAAAOgDAAAHAAAAcC9hLnR4dEtMHAWjYBQMdwAAUEsBAhQDFAAAAAgAAAAh",
        "AAPaOJoLAAAA6AMAAAcAAAAAAAAAAAAAAIABAAAAAHAvYS50eHRQSwUGAAAAAAEAAQA1AAAAMAAAAAAA",
    ],
    ["UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="],
].map { Array(Data(base64Encoded: $0.joined()) ?? Data()) }
