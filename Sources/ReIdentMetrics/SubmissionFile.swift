// Distances as the SynergyReID challenge takes them on EvalAI: comma-separated text.
//
// First field 0, then the gallery's ids; below, each query's id and its distances with 5 decimals.
// Form as clip_reid@1a935d6 writes it, clipreid/evaluator.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation

/// Reads and writes EvalAI submissions.
public enum SubmissionFile {
    /// Reads a submission.
    ///
    /// Spaces around fields are dropped. Ids may be any text; an empty gallery id is a distractor.
    ///
    /// - Parameter path: The file.
    /// - Returns: Its distances and ids.
    /// - Throws: `MetricsError`: `malformedTable` naming line and column; of kind `inputNotFound`
    ///   if there is no such file.
    public static func read(_ path: String) throws(MetricsError) -> LabelledDistances {
        try diagnosing {
            let file = try MappedFile(path: path)
            return try file.withUnsafeBytes { bytes in
                var reader = SubmissionReader(bytes: bytes, path: path)
                return try reader.read()
            }
        }
    }

    /// Writes a submission, block by block.
    ///
    /// - Parameters:
    ///   - distances: Any distances with their ids; distractors get an empty id.
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `MetricsError`: `notFinite`, of kind `cannotWrite`, or what the distances throw.
    ///   Nothing is left behind then.
    public static func write(
        _ distances: LabelledDistances, to path: String, force: Bool = false
    ) throws(MetricsError) {
        try diagnosing {
            let file = try OutputFile(path: path, force: force)
            try file.write(CSVTable.line(["0"] + distances.galleryIdentities.map { $0 ?? "" }))
            let columns = distances.distances.galleryCount
            try distances.distances.forEachBlock { (rows, block) throws(MetricsError) in
                if let place = block.firstIndex(where: { !$0.isFinite }) {
                    throw .notFinite(
                        matrix: "distances", row: rows.lowerBound + place / columns,
                        column: place % columns, value: block[place])
                }
                let values = SharedValues(block)
                let lines = parallelMap(count: rows.count, chunk: 4) { offset in
                    let id = distances.queryIdentities[rows.lowerBound + offset]
                    return line(
                        id, values.pointer[offset * columns..<(offset + 1) * columns])
                }
                try diagnosing {
                    for line in lines { try file.write(line) }
                }
            }
            try file.finish()
        }
    }

    /// One line: the id and the distances with 5 decimals.
    private static func line(_ id: String, _ distances: Slice<UnsafeBufferPointer<Float>>)
        -> [UInt8]
    {
        var bytes = Array(CSVTable.line([id]).utf8.dropLast())
        bytes.reserveCapacity(bytes.count + 9 * distances.count + 1)
        for distance in distances {
            bytes.append(UInt8(ascii: ","))
            append(distance, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Appends a number with 5 decimals, rounded as `printf` rounds it.
    private static func append(_ value: Float, to bytes: inout [UInt8]) {
        // 24 bits times 17 bits: the product is exact, so it is rounded once.
        let scaled = (Double(value) * 100_000).rounded(.toNearestOrEven)
        guard abs(scaled) < 1e18 else {
            bytes.append(contentsOf: String(format: "%.5f", Double(value)).utf8)
            return
        }
        var rest = UInt64(abs(scaled))
        if scaled < 0 { bytes.append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { digits in
            var count = 0
            while count < 7 || rest > 0 {
                if count == 5 {
                    digits[count] = UInt8(ascii: ".")
                } else {
                    digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += 1
            }
            for position in stride(from: count - 1, through: 0, by: -1) {
                bytes.append(digits[position])
            }
        }
    }
}

/// Reads the text of a submission.
private struct SubmissionReader {
    private let path: String
    private var scanner: CSVScanner
    private var fields: [CSVScanner.Field] = []

    init(bytes: UnsafeRawBufferPointer, path: String) {
        self.path = path
        scanner = CSVScanner(bytes: bytes, path: path)
    }

    mutating func read() throws -> LabelledDistances {
        guard try scanner.next(into: &fields), fields.count > 1 else {
            throw problem(
                nil, "the gallery's ids are missing",
                "The first line must be 0 and then one id a gallery image.")
        }
        if let corner = scanner.number(fields[0]), corner != 0 {
            throw problem(
                1, "the first field is \(try scanner.text(fields[0])), not 0",
                "The first line must be 0 and then one id a gallery image.")
        }
        let gallery = try fields.dropFirst().map { field -> String? in
            let id = try trimmed(field)
            return id.isEmpty ? nil : id
        }
        var queries: [String] = []
        var values: [Float] = []
        while try scanner.next(into: &fields) {
            try appendRow(galleryCount: gallery.count, to: &values)
            queries.append(try trimmed(fields[0]))
            if queries.count.isMultiple(of: 64) { try checkCancellation() }
        }
        guard !queries.isEmpty else {
            throw problem(
                nil, "there is no query", "Each line below the first is a query's id and distances."
            )
        }
        return LabelledDistances(
            source: path,
            distances: try DistanceMatrix(
                values: values, queryCount: queries.count, galleryCount: gallery.count),
            queryIdentities: queries, galleryIdentities: gallery)
    }

    private func appendRow(galleryCount: Int, to values: inout [Float]) throws(MetricsError) {
        guard fields.count == galleryCount + 1 else {
            throw problem(
                nil,
                "\(fields.count - 1) distances, but the first line names \(galleryCount) "
                    + "gallery images",
                "Every line must have one distance for each of them.")
        }
        for position in 1...galleryCount {
            guard let number = scanner.number(fields[position]) else {
                let text = try diagnosing { try scanner.text(fields[position]) }
                throw problem(
                    position + 1, "'\(text.prefix(40))' is not a number",
                    "Write distances like 0.53125.")
            }
            let value = Float(number)
            guard value.isFinite else {
                throw problem(
                    position + 1, "the distance is \(number)", "Distances must be finite numbers.")
            }
            values.append(value)
        }
    }

    private func trimmed(_ field: CSVScanner.Field) throws -> String {
        try scanner.text(field).trimmingCharacters(in: .whitespaces)
    }

    private func problem(_ column: Int?, _ problem: String, _ remedy: String) -> MetricsError {
        .malformedTable(
            path: path, line: max(1, scanner.line), column: column, problem: problem,
            remedy: remedy)
    }
}
