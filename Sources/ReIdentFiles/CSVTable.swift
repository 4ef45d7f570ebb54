// Small tables of comma-separated values with a header line, and writing of such lines.
//
// SPDX-License-Identifier: MIT

/// A table with a header, read whole; for matrices use `CSVScanner`.
public struct CSVTable: Sendable {
    /// One record below the header.
    public struct Row: Sendable, Equatable {
        /// The line it began on, counted from 1.
        public let line: Int
        /// Its fields, as many as the header has.
        public let fields: [String]
    }

    /// The path it was read from.
    public let path: String
    /// The names of the columns, without spaces around them.
    public let header: [String]
    /// The records below the header.
    public let rows: [Row]

    /// Reads a table.
    ///
    /// - Throws: `FileError`: `inputNotFound` if the file cannot be read; `badData`, naming the
    ///   line, if it has no header, two columns of one name, a quote that is not closed, text that
    ///   is not UTF-8, or a record with another number of fields than the header.
    public init(path: String) throws(FileError) {
        let file = try MappedFile(path: path)
        self = try file.withUnsafeBytes { (bytes) throws(FileError) in
            try CSVTable(bytes: bytes, path: path)
        }
    }

    /// Reads a table from bytes, for example of an archive's entry.
    ///
    /// - Throws: `FileError` as `init(path:)`.
    public init(bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
        var scanner = CSVScanner(bytes: bytes, path: path)
        var fields: [CSVScanner.Field] = []
        guard try scanner.next(into: &fields) else {
            throw .badData(path, "is empty; a line with the names of the columns is needed.")
        }
        var header: [String] = []
        for field in fields {
            let name = Self.trimmed(try scanner.text(field))
            guard !header.contains(name) else {
                throw .badData(path, "line \(scanner.line): the column '\(name)' comes twice.")
            }
            header.append(name)
        }
        var rows: [Row] = []
        while try scanner.next(into: &fields) {
            guard fields.count == header.count else {
                throw .badData(
                    path,
                    "line \(scanner.line): has \(fields.count) fields, and the header has "
                        + "\(header.count).")
            }
            var texts: [String] = []
            for field in fields { texts.append(try scanner.text(field)) }
            rows.append(Row(line: scanner.line, fields: texts))
        }
        self.path = path
        self.header = header
        self.rows = rows
    }

    /// Checks that the columns are among those known and that none of the needed ones is missing.
    ///
    /// - Throws: `FileError` of kind `badData` that names the column and lists all that exist.
    public func requireColumns(
        _ needed: [String], optional: [String] = []
    ) throws(FileError) {
        let all = (needed + optional).joined(separator: ", ")
        for name in needed where !header.contains(name) {
            throw .badData(path, "line 1: the column '\(name)' is missing; columns are \(all).")
        }
        for name in header where !needed.contains(name) && !optional.contains(name) {
            throw .badData(path, "line 1: the column '\(name)' is unknown; columns are \(all).")
        }
    }

    /// The place of a column, or nil if there is none of that name.
    public func column(_ name: String) -> Int? { header.firstIndex(of: name) }

    /// One line of a table, with quotes where they are needed and a line feed at its end.
    public static func line(_ fields: [String]) -> String {
        let quoted = fields.map { field in
            let needsQuotes =
                field.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
                || field.hasPrefix(" ") || field.hasSuffix(" ") || field.hasPrefix("\u{FEFF}")
            return needsQuotes ? "\"\(field.replacing("\"", with: "\"\""))\"" : field
        }
        // A single empty field would be an empty line, which readers pass over.
        return (quoted == [""] ? "\"\"" : quoted.joined(separator: ",")) + "\n"
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
