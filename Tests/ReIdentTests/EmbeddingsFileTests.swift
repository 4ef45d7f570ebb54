// Embeddings written row by row are the file that embeddings in memory make.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Files of embeddings")
struct EmbeddingsFileTests {
    private static let paths = ["a.png", "b \"c\".png", "ü.png"]
    private static let values: [Float] = [1, 0, 0, 1, 0.6, 0.8]

    @Test("row by row the same file comes out, to the byte, when it is finished and not before")
    func equal() throws {
        let folder = try TemporaryFolder()
        let (whole, rows) = (folder.file("whole.safetensors"), folder.file("rows.safetensors"))
        try Embeddings(values: Self.values, dimension: 2, paths: Self.paths)
            .write(to: whole, metadata: ["model": "m"])
        let file = try EmbeddingsFile(path: rows, dimension: 2)
        try file.append(Array(Self.values[..<4]), paths: Array(Self.paths[..<2]))
        try file.append([], paths: [])
        try file.append(Array(Self.values[4...]), paths: [Self.paths[2]])
        #expect(file.count == 3)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
                == ["whole.safetensors"])
        try file.finish(metadata: ["model": "m"])
        #expect(
            try Data(contentsOf: URL(filePath: rows)) == Data(contentsOf: URL(filePath: whole)))
    }

    @Test("an existing file is refused at the start")
    func existing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("old.safetensors")
        try OutputFile.write("old", to: path)
        #expect(throws: FileError.self) { _ = try EmbeddingsFile(path: path, dimension: 2) }
        let file = try EmbeddingsFile(path: path, dimension: 2, force: true)
        try file.append([1, 0], paths: ["a.png"])
        try file.finish(metadata: [:])
        #expect(try SafetensorsFile(path: path).floats("embeddings") == [1, 0])
    }
}
