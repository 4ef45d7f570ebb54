// Reads boxes from a table of comma-separated values with a header.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads the columns path or frame, left, top, width, height; optional identity, camera, number,
/// class, confidence.
enum TableBoxes {
    private static let needed = ["left", "top", "width", "height"]
    private static let optional = ["identity", "camera", "number", "class", "confidence"]

    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFile {
        let table = try DataError.carrying { () throws(FileError) in
            let table = try CSVTable(bytes: bytes, path: path)
            guard table.column("path") != nil || table.column("frame") != nil else {
                throw FileError.badData(
                    path,
                    "line 1: neither a column 'path' nor 'frame' names the frames; columns are "
                        + "path (or frame, a number), "
                        + "\((needed + optional).joined(separator: ", "))."
                )
            }
            try table.requireColumns(needed, optional: ["path", "frame"] + optional)
            return table
        }
        var result = BoxFile(path: path, format: .table)
        for row in table.rows {
            result.boxes.append(try box(of: row, in: table))
        }
        return result
    }

    private static func box(
        of row: CSVTable.Row, in table: CSVTable
    ) throws(DataError) -> FrameBox {
        let place = "\(table.path): line \(row.line)"
        func field(_ name: String) -> String? {
            table.column(name).map { row.fields[$0] }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func number(_ name: String) throws(DataError) -> Double {
            let text = (field(name) ?? "").trimmed
            guard let value = Double(text) else {
                throw .badData("\(place): the \(name) '\(text)' is no number.")
            }
            return value
        }
        let frame: FrameBox.Frame
        if let path = field("path") {
            frame = .path(path)
        } else if let text = field("frame") {
            guard let number = Int(text.trimmed), number >= 0 else {
                throw .badData(
                    "\(place): the frame '\(text)' is no whole number. Name files in a column "
                        + "'path'.")
            }
            frame = .number(number)
        } else {
            throw .badData("\(place): names no frame.")
        }
        var box = FrameBox(
            frame: frame,
            area: try FrameBox.Area(
                left: number("left"), top: number("top"), width: number("width"),
                height: number("height"), place: place),
            place: place)
        box.identity = field("identity")
        box.camera = field("camera")
        box.number = field("number")
        box.category = field("class")
        if field("confidence") != nil { box.confidence = try number("confidence") }
        return box
    }
}

extension String {
    /// The text without spaces around it.
    var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
