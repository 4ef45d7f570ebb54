// The file of a graph: beside its index, of which it holds nothing but the checksum.
//
// SPDX-License-Identifier: MIT

import CNearestNeighbours
import ReIdentFiles
import ReIdentMetrics

extension ApproximateSearch {
    /// What a graph's file is recognised by.
    private static let formatName = "reident-graph"
    private static let version = "1"

    /// Where the graph of an index lies.
    ///
    /// - Parameter index: The index's path.
    /// - Returns: The graph's path.
    public static func path(besideIndex index: String) -> String { index + ".graph" }

    /// Reads the graph of an index; every byte is checked before it is followed.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - index: The index as it was read from its file.
    ///   - indexPath: Where that is, for messages.
    ///   - effort: Candidates that a search keeps, at least 1.
    /// - Returns: The search.
    /// - Throws: `IndexError`: `file` if it does not exist or is no safetensors file,
    ///   `damagedGraph` with what is wrong, or `staleGraph` if it belongs to another state of the
    ///   index.
    public static func open(
        _ path: String, of index: VectorIndex, at indexPath: String,
        effort: Int = ApproximateSearch.usualEffort
    ) throws(IndexError) -> ApproximateSearch {
        let file = try IndexError.carrying { () throws(FileError) in
            try SafetensorsFile(path: path)
        }
        func damaged(_ problem: String) -> IndexError {
            .damagedGraph(path: path, problem: problem)
        }
        func text(_ name: String) throws(IndexError) -> String {
            guard let text = file.metadata[name] else { throw damaged("it has no '\(name)'") }
            return text
        }
        func number(_ name: String, _ range: ClosedRange<Int>) throws(IndexError) -> Int {
            guard let number = Int(try text(name)), range ~= number else {
                throw damaged("its '\(name)' is '\(try text(name))'")
            }
            return number
        }
        guard file.metadata["format"] == formatName else {
            throw damaged("it is another safetensors file")
        }
        let version = try text("version")
        guard version == Self.version else {
            throw damaged("it is of version '\(version)', and version \(Self.version) is read")
        }
        var parts: [String: MappedBytes] = [:]
        for (name, type, rank) in tensors {
            guard let tensor = file.tensors[name], tensor.elementType == type,
                tensor.shape.count == rank
            else { throw damaged("it has no tensor '\(name)' as a graph has one") }
            parts[name] = try IndexError.carrying { () throws(FileError) in
                try file.bytes(of: name)
            }
        }
        guard file.tensors.count == tensors.count, let places = parts["places"],
            let levels = parts["levels"], let upper = parts["upper"],
            let middle = parts["middle"], let rows = parts["rows"]
        else { throw damaged("it has other tensors than a graph") }
        let found = try digest(of: [places, levels, upper, middle, rows], texts: file.metadata)
        guard try text("digest") == found else {
            throw damaged("its contents do not match its checksum")
        }
        let indexDigest = try text("index")
        guard indexDigest == index.digest else {
            throw .staleGraph(
                path: path, index: indexPath, expected: index.digest ?? "changed since",
                found: indexDigest)
        }
        let count = levels.count / 4
        guard file.tensors["places"]?.shape[0] == count, rows.count == levels.count else {
            throw damaged("its tensors differ in length")
        }
        guard middle.count == 4 * index.dimension else {
            throw damaged(
                "its vectors have \(middle.count / 4) numbers, those of the index "
                    + "\(index.dimension)")
        }
        let form = NeighbourGraph.Form(
            dimension: index.dimension, neighbours: try number("neighbours", 2...1000),
            effort: try number("building_effort", 1...1_000_000))
        let head = reident_graph_head(
            count: count, entry: Int64(try number("entry", -1...count)),
            top_level: Int64(try number("top_level", -1...64)))
        let rowOfPlace: [Int32] = numbers(rows)
        let linked = rowOfPlace.filter { $0 >= 0 }
        guard linked.count == index.count, Set(linked).count == linked.count,
            linked.allSatisfy({ $0 < index.count })
        else { throw damaged("its places are not the rows of the index") }
        do throws(IndexError) {
            let graph = try places.withUnsafeBytes { (bytes) throws(IndexError) in
                try NeighbourGraph(
                    form, middle: numbers(middle),
                    parts: NeighbourGraph.Parts(
                        head: head, levels: numbers(levels), upper: numbers(upper)),
                    places: bytes)
            }
            return ApproximateSearch(
                graph: graph, vectors: index.vectors, rowOfPlace: rowOfPlace, effort: effort)
        } catch .graph(let problem) {
            throw damaged(problem)
        }
    }

    /// Writes the graph; a file that is replaced stays whole until the new one is.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - digest: The checksum of the index that it belongs to.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`, `IndexError`.
    public func write(to path: String, ofIndex digest: String, force: Bool = false) throws {
        let outcome = try withContents { (graph, rowOfPlace) throws(IndexError) in
            Result {
                let parts = graph.parts
                let texts = [
                    "format": Self.formatName, "version": Self.version, "index": digest,
                    "neighbours": "\(graph.form.neighbours)",
                    "building_effort": "\(graph.form.effort)", "entry": "\(parts.head.entry)",
                    "top_level": "\(parts.head.top_level)",
                ]
                try Self.write(graph, parts, rowOfPlace, texts: texts, to: path, force: force)
            }
        }
        try outcome.get()
    }

    // MARK: Parts

    /// The tensors of a file: name, type, and how many sizes they have.
    private static let tensors: [(String, ElementType, Int)] = [
        ("places", .uint8, 2), ("levels", .int32, 1), ("upper", .uint8, 1),
        ("middle", .float32, 1), ("rows", .int32, 1),
    ]

    private static func write(
        _ graph: NeighbourGraph, _ parts: NeighbourGraph.Parts, _ rowOfPlace: [Int32],
        texts: [String: String], to path: String, force: Bool
    ) throws {
        try parts.levels.withUnsafeBytes { levels in
            try parts.upper.withUnsafeBytes { upper in
                try graph.middle.withUnsafeBytes { middle in
                    try rowOfPlace.withUnsafeBytes { rows in
                        let bytes = [graph.places, levels, upper, middle, rows]
                        let shapes = [
                            [graph.count, graph.placeSize], [graph.count], [upper.count],
                            [graph.form.dimension], [graph.count],
                        ]
                        var texts = texts
                        texts["digest"] = try IndexDigest.hexadecimal(
                            firstLine, texts: texts, bytes: bytes)
                        let written = zip(tensors, zip(shapes, bytes)).map { tensor, contents in
                            SafetensorsWriter.Tensor(
                                name: tensor.0, elementType: tensor.1, shape: contents.0
                            ) { sink in try sink(contents.1) }
                        }
                        try SafetensorsWriter.write(
                            to: path, tensors: written, metadata: texts, force: force)
                    }
                }
            }
        }
    }

    private static let firstLine = "graph"

    private static func digest(
        of parts: [MappedBytes], texts: [String: String]
    ) throws(IndexError) -> String {
        func collect(
            _ rest: ArraySlice<MappedBytes>, _ bytes: [UnsafeRawBufferPointer]
        ) throws(IndexError) -> String {
            guard let part = rest.first else {
                return try IndexDigest.hexadecimal(firstLine, texts: texts, bytes: bytes)
            }
            return try part.withUnsafeBytes { (raw) throws(IndexError) in
                try collect(rest.dropFirst(), bytes + [raw])
            }
        }
        return try collect(parts[...], [])
    }

    private static func numbers<Number: BitwiseCopyable>(_ bytes: MappedBytes) -> [Number] {
        bytes.withUnsafeBytes { raw in
            let size = MemoryLayout<Number>.stride
            return (0..<raw.count / size).map {
                raw.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)
            }
        }
    }
}
