// Files damaged at random places: a reader gives a sentence or something that fits the file, and
// never reads beyond it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Damaged files")
struct DamageTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Changes, removes or doubles a few bytes.
    private func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0...generator.integer(below: 3) where !result.isEmpty {
            let place = generator.integer(below: result.count)
            switch generator.integer(below: 4) {
            case 0: result[place] = UInt8(truncatingIfNeeded: generator.next())
            case 1:
                result[place] = Array("0123456789[]{},:\"-\\".utf8)[generator.integer(below: 19)]
            case 2: result.remove(at: place)
            default: result.insert(result[place], at: place)
            }
        }
        return result
    }

    @Test("a damaged safetensors file is refused, or its tensors lie inside it")
    func safetensors() throws {
        let path = folder.file("model.safetensors")
        try SafetensorsWriter.write(
            to: path,
            tensors: [
                .init(name: "a", shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
                .init(name: "b", shape: [], values: [1], as: .float16),
            ], metadata: ["k": "v"])
        let whole = try Array(Data(contentsOf: URL(filePath: path)))
        var refused = 0
        for seed in UInt64(0)..<500 {
            var generator = SeededGenerator(seed: seed)
            let bytes = damaged(whole, using: &generator)
            try write(bytes, to: path)
            do {
                let file = try SafetensorsFile(path: path)
                for (name, entry) in file.tensors {
                    #expect(entry.byteRange.upperBound <= bytes.count, "seed \(seed)")
                    let shape = entry.shape.reduce(1, *)
                    #expect(entry.elementCount == shape, "seed \(seed)")
                    if entry.elementType.isFloatingPoint {
                        #expect(try file.floats(name).count == shape, "seed \(seed)")
                    }
                }
            } catch {
                #expect(error.kind == .badData, "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(refused > 250)
    }

    @Test("a damaged zip archive is refused, or its files have the size it lists")
    func zip() throws {
        var archive = StoredZip()
        archive.add("a/one.jpeg", [UInt8](repeating: 3, count: 30))
        archive.add("two.png", [UInt8](0..<20))
        let whole = archive.bytes
        let path = folder.file("data.zip")
        var refused = 0
        for seed in UInt64(0)..<500 {
            var generator = SeededGenerator(seed: seed)
            try write(damaged(whole, using: &generator), to: path)
            do {
                let zip = try ZipArchive(path: path)
                for entry in zip.entries {
                    let bytes = try zip.read(entry)
                    #expect(bytes.count == entry.size, "seed \(seed)")
                }
            } catch {
                #expect(error.kind == .badData, "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(refused > 250)
    }
}
