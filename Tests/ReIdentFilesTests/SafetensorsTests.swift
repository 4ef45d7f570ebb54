// Safetensors: what is written is read back, and a header that lies is refused with its fault.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentFiles

@Suite("Safetensors")
struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A file with the given header and that many bytes of data.
    private func file(header: String, data: Int) throws -> String {
        let path = folder.file("crafted.safetensors")
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
        let bytes = length + Array(header.utf8) + [UInt8](repeating: 0, count: data)
        try write(bytes, to: path)
        return path
    }

    @Test("what is written is read back", arguments: [ElementType.float64, .float32])
    func roundTrip(type: ElementType) throws {
        let path = folder.file("model.safetensors")
        let values = (0..<24).map { Float($0) / 7 - 1.5 }
        try SafetensorsWriter.write(
            to: path,
            tensors: [
                .init(name: "b", shape: [2, 3, 4], values: values, as: type),
                .init(name: "a.scalar", shape: [], values: [3.25]),
                .init(name: "empty", shape: [0, 5], values: []),
                .init(name: "steps", shape: [2], integers: [-1, 1 << 40]),
            ],
            metadata: ["who": "a \"quoted\"\\\u{1}\n text, é 球", "empty": ""])
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["who": "a \"quoted\"\\\u{1}\n text, é 球", "empty": ""])
        #expect(try file.floats("b") == values)
        #expect(file.tensors["b"]?.shape == [2, 3, 4])
        #expect(file.tensors["b"]?.elementType == type)
        #expect(file.tensors["b"]?.elementCount == 24)
        #expect(try file.floats("a.scalar") == [3.25])
        #expect(file.tensors["a.scalar"]?.shape == [])
        #expect(try file.floats("empty") == [])
        #expect(file.names.first == "steps")
        let steps = try file.withBytes(of: "steps") { bytes in
            (0..<2).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self) }
        }
        #expect(steps == [-1, 1 << 40])
    }

    @Test("the header fills a multiple of 8 bytes and the order given does not matter")
    func isDeterministic() throws {
        let tensors = (0..<20).map {
            SafetensorsWriter.Tensor(
                name: "t\($0)", shape: [1], values: [Float($0)],
                as: $0.isMultiple(of: 2) ? .float32 : .float16)
        }
        let paths = [folder.file("one"), folder.file("two")]
        try SafetensorsWriter.write(to: paths[0], tensors: tensors, metadata: ["k": "v", "a": "b"])
        try SafetensorsWriter.write(
            to: paths[1], tensors: tensors.reversed(), metadata: ["a": "b", "k": "v"])
        let bytes = try paths.map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(bytes[0] == bytes[1])
        #expect(bytes[0][0].isMultiple(of: 8))
        #expect(try SafetensorsFile(path: paths[0]).floats("t13") == [13])
    }

    @Test("the header is the one that the Python package writes")
    func headerAsReference() throws {
        let path = folder.file("order.safetensors")
        func tensor(_ name: String, _ shape: [Int], _ type: ElementType)
            -> SafetensorsWriter.Tensor
        {
            let count = shape.reduce(1, *)
            return .init(
                name: name, shape: shape, values: [Float](repeating: 0, count: count), as: type)
        }
        try SafetensorsWriter.write(
            to: path,
            tensors: [
                tensor("b.w", [3, 5], .float32), tensor("a", [7], .float16),
                tensor("c.bf", [4, 2], .bfloat16), .init(name: "ids", shape: [1], integers: [0]),
                tensor("d", [2], .float64), tensor("s", [], .float32),
                tensor("e", [0, 4], .float32),
            ], metadata: ["k": "v"])
        // Written by safetensors.torch.save_file of safetensors for tensors of these shapes.
        let expected =
            #"{"__metadata__":{"k":"v"},"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"#
            + #""d":{"dtype":"F64","shape":[2],"data_offsets":[8,24]},"#
            + #""b.w":{"dtype":"F32","shape":[3,5],"data_offsets":[24,84]},"#
            + #""e":{"dtype":"F32","shape":[0,4],"data_offsets":[84,84]},"#
            + #""s":{"dtype":"F32","shape":[],"data_offsets":[84,88]},"#
            + #""c.bf":{"dtype":"BF16","shape":[4,2],"data_offsets":[88,104]},"#
            + #""a":{"dtype":"F16","shape":[7],"data_offsets":[104,118]}}"#
        let bytes = try Data(contentsOf: URL(filePath: path))
        let length = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
        let unpadded = header.trimmingCharacters(in: .whitespaces)
        #expect(unpadded == expected)
        #expect(header.utf8.count == (expected.utf8.count + 7) / 8 * 8)
    }

    @Test("a tensor is copied from a file in pieces, whatever its size and where it begins")
    func copiesInPieces() throws {
        let piece = SafetensorsWriter.Tensor.piece
        let source = folder.file("source.bin")
        let bytes = (0..<piece + 4).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
        try write(bytes, to: source)
        let file = try MappedFile(path: source)
        for count in [0, piece - 1, piece, piece + 1] {
            let path = folder.file("copy.safetensors")
            try SafetensorsWriter.write(
                to: path,
                tensors: [
                    .init(
                        name: "t", elementType: .uint8, shape: [count],
                        bytes: file.bytes(in: 3..<3 + count))
                ], force: true)
            let found = try SafetensorsFile(path: path).bytes(of: "t")
            #expect(found.withUnsafeBytes { $0.elementsEqual(bytes[3..<3 + count]) })
        }
    }

    @Test("reads thousands of tensors")
    func manyTensors() throws {
        let path = folder.file("many.safetensors")
        let tensors = (0..<3_000).map {
            SafetensorsWriter.Tensor(name: "layer.\($0).weight", shape: [1], values: [Float($0)])
        }
        try SafetensorsWriter.write(to: path, tensors: tensors)
        let file = try SafetensorsFile(path: path)
        #expect(file.names.count == 3_000)
        #expect(try file.floats("layer.2999.weight") == [2_999])
    }

    @Test(
        "a header that lies is refused with its fault",
        arguments: [
            ("", 0, "'{'"),
            ("[]", 0, "'{'"),
            ("{\"a\":1", 0, "no JSON object"),
            ("{\"a\":{}} x", 0, "after the end"),
            ("{\"a\":1}", 0, "tensor 'a' is described by something other than an object"),
            (entry("a", "F32", "[1]", "0,4") + entry("a", "F32", "[1]", "4,8"), 8, "comes twice"),
            ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\"}}", 0, "'dtype' comes twice"),
            (entry("a", "Q7", "[1]", "0,4"), 4, "unknown element type 'Q7'"),
            ("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no element type"),
            (entry("a", "F32", "[-1]", "0,4"), 4, "'shape'"),
            (entry("a", "F32", "[1.5]", "0,4"), 4, "'shape'"),
            (entry("a", "F32", "[1e0]", "0,4"), 4, "'shape'"),
            (entry("a", "F32", "[\"1\"]", "0,4"), 4, "'shape'"),
            (entry("a", "F32", "[99999999999999999999]", "0,4"), 4, "'shape'"),
            (entry("a", "F32", "[4611686018427387904,8]", "0,4"), 4, "impossible shape"),
            (entry("a", "F32", "[1]", "0,8"), 8, "takes 4 bytes, and 8 are given"),
            (entry("a", "F32", "[2]", "0,4"), 4, "takes 8 bytes, and 4 are given"),
            (entry("a", "F32", "[1]", "4,0"), 4, "before it begins"),
            (entry("a", "F32", "[1]", "0,4,8"), 8, "begin and end"),
            (entry("a", "F32", "[2]", "0,8"), 4, "ends at byte 8"),
            (entry("a", "F32", "[1]", "-4,0"), 4, "'data_offsets'"),
            (entry("a", "F32", "[1]", "0,4") + entry("b", "F32", "[1]", "2,6"), 6, "shares bytes"),
            (entry("a", "F32", "[1]", "0,4") + entry("b", "F32", "[1]", "0,4"), 4, "shares bytes"),
            (entry("a", "F32", "[1]", "0,4") + entry("b", "F32", "[1]", "8,12"), 12, "4 unused"),
            (entry("a", "F32", "[1]", "4,8"), 8, "4 unused bytes after 'the header'"),
            (entry("a", "F32", "[1]", "0,4"), 9, "5 bytes after the last tensor"),
            ("{\"__metadata__\":[]}", 0, "no object of texts"),
            ("{\"__metadata__\":{\"k\":1}}", 0, "'k' is no text"),
            ("{\"a\\ud800\":{}}", 0, "surrogate"),
        ])
    func refusesLies(header: String, data: Int, fault: String) throws {
        let path = try file(header: header.replacing("}{", with: ","), data: data)
        expectFailure(.badData, saying: path, fault) { _ = try SafetensorsFile(path: path) }
    }

    private static func entry(
        _ name: String, _ type: String, _ shape: String, _ offsets: String
    ) -> String {
        "{\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(offsets)]}}"
    }

    @Test("a header with trailing spaces, escapes and unknown fields is read")
    func readsUnusualHeader() throws {
        let path = try file(
            header: "{ \"\\u0061\\ud83c\\udfc0\" : {\"dtype\":\"U8\", \"shape\":[ 2 ],"
                + "\"data_offsets\":[0,2], \"note\":[null,true,1.5e3]} }   \n", data: 2)
        #expect(try SafetensorsFile(path: path).tensors["a🏀"]?.byteRange.count == 2)
    }

    @Test("an impossible header length is refused", arguments: [UInt64.max, 100_000_001, 1 << 62])
    func refusesHeaderLength(length: UInt64) throws {
        let path = folder.file("length.safetensors")
        try write(withUnsafeBytes(of: length.littleEndian, Array.init) + [0x7B, 0x7D], to: path)
        expectFailure(.badData, saying: "100000000") { _ = try SafetensorsFile(path: path) }
    }

    @Test("a file cut short anywhere is refused")
    func refusesTruncation() throws {
        let path = folder.file("whole.safetensors")
        try SafetensorsWriter.write(
            to: path, tensors: [.init(name: "w", shape: [5], values: [1, 2, 3, 4, 5])])
        let whole = try Data(contentsOf: URL(filePath: path))
        for count in 0..<whole.count {
            let cut = folder.file("cut.safetensors")
            try Data(whole.prefix(count)).write(to: URL(filePath: cut))
            expectFailure(.badData, saying: cut) { _ = try SafetensorsFile(path: cut) }
        }
    }

    @Test("a missing file is an input that is not found")
    func missingFile() {
        expectFailure(.inputNotFound, saying: "does not exist") {
            _ = try SafetensorsFile(path: folder.file("none"))
        }
    }

    @Test("a missing tensor, or one of whole numbers, is named")
    func namesTensor() throws {
        let path = folder.file("model.safetensors")
        try SafetensorsWriter.write(
            to: path, tensors: [.init(name: "ids", shape: [1], integers: [1])])
        let file = try SafetensorsFile(path: path)
        expectFailure(.badData, saying: "no tensor 'x'", "'ids'") { _ = try file.floats("x") }
        expectFailure(.badData, saying: "'ids'", "I64") { _ = try file.floats("ids") }
    }

    @Test("a tensor that provides too few bytes, or a name twice, leaves no file")
    func leavesNothing() throws {
        let path = folder.file("bad.safetensors")
        expectFailure(.internalFault, saying: "'w'", "8", "4") {
            try SafetensorsWriter.write(
                to: path, tensors: [.init(name: "w", shape: [2], values: [1])])
        }
        expectFailure(.internalFault, saying: "'w'") {
            let tensor = SafetensorsWriter.Tensor(name: "w", shape: [1], values: [1])
            try SafetensorsWriter.write(to: path, tensors: [tensor, tensor])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
