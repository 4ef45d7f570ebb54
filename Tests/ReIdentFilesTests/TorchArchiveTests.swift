// Files torch wrote (Tools/fixtures/checkpoints.py), and ones that lie about themselves.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

enum Fixtures {
    static func path(_ name: String) -> String {
        Bundle.module.bundleURL.appending(path: "Fixtures/\(name)").path
    }
}

@Suite("Files of torch")
struct TorchArchiveTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private struct Part: Decodable {
        let type: String
        let shape: [Int]
        let values: [Double]
    }

    private static let types: [String: ElementType] = [
        "float64": .float64, "float32": .float32, "float16": .float16, "bfloat16": .bfloat16,
        "int64": .int64, "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8,
        "bool": .bool,
    ]

    private func numbers(_ bytes: MappedBytes, as type: ElementType) -> [Double] {
        bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: type.byteCount).map { offset in
                func load<Number>(_: Number.Type) -> Number {
                    raw.loadUnaligned(fromByteOffset: offset, as: Number.self)
                }
                switch type {
                case .float64: return load(Double.self)
                case .float32: return Double(load(Float.self))
                case .float16: return Double(Float(halfBits: load(UInt16.self)))
                case .bfloat16: return Double(Float(brainBits: load(UInt16.self)))
                case .int64: return Double(load(Int64.self))
                case .int32: return Double(load(Int32.self))
                case .int16: return Double(load(Int16.self))
                case .int8: return Double(load(Int8.self))
                case .uint8, .bool: return Double(load(UInt8.self))
                }
            }
        }
    }

    @Test(
        "every tensor is read, whatever its type and its order in memory",
        arguments: ["parts.pt", "parts-legacy.pt"])
    func everyTensorIsRead(name: String) throws {
        let expected = try JSONDecoder().decode(
            [String: Part].self, from: Data(contentsOf: URL(filePath: Fixtures.path("parts.json"))))
        let file = try TorchArchive(path: Fixtures.path(name))
        #expect(Set(file.names) == Set(expected.keys))
        #expect(file.names.first == "float64")
        #expect(!file.isScript)
        for (name, part) in expected {
            let found = try #require(file.description(of: name))
            #expect(found.elementType == Self.types[part.type], "\(name)")
            #expect(found.shape == part.shape, "\(name)")
            #expect(
                numbers(try file.bytes(of: name), as: found.elementType) == part.values, "\(name)")
        }
        expectFailure(.badData, saying: "'other'") { _ = try file.bytes(of: "other") }
    }

    @Test("a tensor of a billion elements in one place is refused")
    func sharedElements() {
        expectFailure(.badData, saying: "expanded.pt", "'wide'", "[1000000000]", "share") {
            _ = try TorchArchive(path: Fixtures.path("expanded.pt"))
        }
    }

    @Test("a tensor of no elements may claim any extents, and has none")
    func extremeShape() throws {
        // A state dict whose tensor "a" has the shape [2^40, 2^40, 0].
        let pickle = try #require(
            Data(
                base64Encoded:
                    "gAJ9cQBYAQAAAGFxAWN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfdGVuc29yX3YyCnECKChYBwAAAHN0"
                    + "b3JhZ2VxA2N0b3JjaApGbG9hdFN0b3JhZ2UKcQRYAQAAADBxBVgDAAAAY3B1cQZLAHRxB1FLAIoG"
                    + "AAAAAAABigYAAAAAAAFLAIdxCEsCSwFLAYdxCYljY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQop"
                    + "UnELdHEMUnENcy4="))
        var zip = StoredZip()
        zip.add("a/data.pkl", [UInt8](pickle))
        zip.add("a/data/0", [])
        try zip.write(to: folder.file("none.pt"))
        let file = try TorchArchive(path: folder.file("none.pt"))
        #expect(file.description(of: "a")?.shape == [1 << 40, 1 << 40, 0])
        #expect(try file.bytes(of: "a").count == 0)
    }

    @Test("forty modules that make up a million million names are refused")
    func sharedModules() {
        expectFailure(.badData, saying: "doubled.pt", "more than 250000") {
            _ = try TorchArchive(path: Fixtures.path("doubled.pt"))
        }
    }

    @Test("other files are refused with what they are")
    func otherFiles() throws {
        let path = folder.file("weights.pt")
        for (bytes, words) in [
            (Array("<!DOCTYPE html>".utf8), "web page"), ([], "cut short"),
            ([UInt8](repeating: 0, count: 257) + Array("ustar".utf8), "tar"),
            ([0x80, 2, 0x4E, 0x2E], "torch.save"),
            (Array("cos\nsystem\n(S'id'\ntR.".utf8), "'os.system'"),
        ] {
            try write(bytes, to: path)
            expectFailure(.badData, saying: path, words) { _ = try TorchArchive(path: path) }
        }
        var zip = StoredZip()
        zip.add("word/document.xml", Array("x".utf8))
        try zip.write(to: path)
        expectFailure(.badData, saying: path, "'data.pkl'") { _ = try TorchArchive(path: path) }
        expectFailure(.inputNotFound, saying: "none.pt") {
            _ = try TorchArchive(path: folder.file("none.pt"))
        }
    }

    @Test(
        "files that are cut off are refused", arguments: ["parts.pt", "parts-legacy.pt"])
    func cutOff(name: String) throws {
        let whole = try Array(Data(contentsOf: URL(filePath: Fixtures.path(name))))
        let path = folder.file("cut.pt")
        for count in Swift.stride(from: 0, to: whole.count, by: 97) {
            try write(Array(whole.prefix(count)), to: path)
            expectFailure(.badData, saying: path) { _ = try TorchArchive(path: path) }
        }
    }

    /// An archive of one float32 tensor in `size` bytes, described as given.
    private func archive(
        offset: UInt8 = 0, shape: [UInt8], strides: [UInt8], announced: UInt8, size: Int,
        byteOrder: String? = nil
    ) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + text.utf8 }
        func tuple(_ numbers: [UInt8]) -> [UInt8] {
            [0x28] + numbers.flatMap { [0x4B, $0] } + [0x74]
        }
        var pickle: [UInt8] = [0x80, 2, 0x7D] + text("w")
        pickle += Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8) + [0x28, 0x28]
        pickle += text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu")
        pickle += [0x4B, announced, 0x74, 0x51, 0x4B, offset] + tuple(shape) + tuple(strides)
        pickle += [0x89, 0x7D, 0x74, 0x52, 0x73, 0x2E]
        var zip = StoredZip()
        zip.add("m/data.pkl", pickle)
        if let byteOrder { zip.add("m/byteorder", Array(byteOrder.utf8)) }
        zip.add("m/data/0", [UInt8](repeating: 7, count: size))
        return zip.bytes
    }

    @Test("a tensor that lies inside its bytes is read")
    func soundArchive() throws {
        let path = folder.file("sound.pt")
        try write(
            archive(
                offset: 1, shape: [2, 2], strides: [1, 2], announced: 5, size: 20,
                byteOrder: "little"), to: path)
        #expect(try TorchArchive(path: path).bytes(of: "w").count == 16)
    }

    @Test("tensors that do not lie in their bytes, or share them, are refused by name")
    func lyingTensors() throws {
        let path = folder.file("lying.pt")
        let cases: [([UInt8], String)] = [
            (archive(shape: [2], strides: [1], announced: 2, size: 4), "announced"),
            (archive(shape: [2], strides: [1], announced: 2, size: 12), "announced"),
            (archive(shape: [3], strides: [1], announced: 2, size: 8), "beyond"),
            (archive(offset: 1, shape: [2], strides: [1], announced: 2, size: 8), "beyond"),
            (archive(shape: [2, 2], strides: [2], announced: 4, size: 16), "no tensor has"),
            (archive(shape: [2, 2], strides: [1, 1], announced: 4, size: 16), "share"),
            (archive(shape: [2, 2], strides: [0, 1], announced: 4, size: 16), "share"),
            (archive(shape: [9, 9], strides: [0, 0], announced: 1, size: 4), "share"),
        ]
        for (bytes, words) in cases {
            try write(bytes, to: path)
            expectFailure(.badData, saying: path, "'w'", words) { _ = try TorchArchive(path: path) }
        }
        try write(
            archive(shape: [1], strides: [1], announced: 1, size: 4, byteOrder: "big"), to: path)
        expectFailure(.badData, saying: path, "byte order") { _ = try TorchArchive(path: path) }
    }
}
