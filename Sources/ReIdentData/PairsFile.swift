// Reads the batches of a training run from a file, so that another program can be followed pair by
// pair.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// The batches of a file with the columns step, query, gallery.
public struct PairsFile: Sendable {
    /// The pairs of one optimiser step.
    public struct Batch: Sendable, Equatable {
        /// The number in the column `step`.
        public let step: Int
        /// The pairs in the file's order, as places in the list of images that was given.
        public let pairs: [ImagePair]
    }

    /// The path it was read from.
    public let path: String
    /// The batches in the file's order.
    public let batches: [Batch]

    /// Reads a file; neighbouring rows of one step are one batch.
    ///
    /// Nothing is demanded of the pairs: players may repeat in a batch, batches may differ in size.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - images: The images that its paths, relative to the data set, are looked up in.
    /// - Throws: `DataError`: `inputNotFound` if the file cannot be read; `badData`, naming the
    ///   line, if it has other columns, no rows, a step that is no whole number, or a path that
    ///   is none of the images'.
    public init(path: String, images: [PlayerImage]) throws(DataError) {
        let table = try DataError.carrying { () throws(FileError) in
            let table = try CSVTable(path: path)
            try table.requireColumns(["step", "query", "gallery"])
            return table
        }
        let places = Dictionary(
            images.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
        func place(_ row: CSVTable.Row, _ column: String) throws(DataError) -> Int {
            let text = table.column(column).map { row.fields[$0] } ?? ""
            if let place = ManifestReader.relativePath(text).flatMap({ places[$0] }) {
                return place
            }
            throw .badData(
                "\(path): line \(row.line): the \(column) '\(text)' is no image of the data set. "
                    + "Paths are relative to its root.")
        }
        var batches: [(step: Int, pairs: [ImagePair])] = []
        for row in table.rows {
            let text = table.column("step").map { row.fields[$0] } ?? ""
            guard let step = Int(text) else {
                throw .badData(
                    "\(path): line \(row.line): the step '\(text)' is no whole number.")
            }
            let pair = ImagePair(
                query: try place(row, "query"), gallery: try place(row, "gallery"))
            if batches.last?.step == step {
                batches[batches.count - 1].pairs.append(pair)
            } else {
                batches.append((step, [pair]))
            }
        }
        guard !batches.isEmpty else {
            throw .badData("\(path): has no rows below its header, so there is nothing to train.")
        }
        self.path = path
        self.batches = batches.map { Batch(step: $0.step, pairs: $0.pairs) }
    }
}
