// Reads boxes in YOLO's text form: a file a frame, shares instead of pixels.
// Form: docs.ultralytics.com, "Object Detection Datasets Overview"; tracks as its `save_txt`
// writes them.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads `class x-centre y-centre width height`, then a confidence and a track's number where there
/// are.
///
/// With six fields the last is a track's number if it is written as a whole number in every such
/// line, and a confidence otherwise.
enum YOLOBoxes {
    /// Names of text files that lie beside the frames' and hold no boxes.
    private static let companions: Set<String> = ["classes.txt", "obj.names.txt", "readme.txt"]

    static func read(folder: String) throws(DataError) -> BoxFile {
        let listing = try DataError.carrying { () throws(FileError) in
            try ImageListing(folder: folder)
        }
        let names = listing.skipped.filter { name in
            let last = String(name.split(separator: "/").last ?? "").lowercased()
            return last.hasSuffix(".txt") && !companions.contains(last) && !last.hasPrefix("._")
        }
        guard !names.isEmpty else {
            throw .badData(
                "\(folder): holds no text files. A folder of boxes is YOLO's, with a .txt for "
                    + "each frame.")
        }
        var result = BoxFile(path: folder, format: .yolo)
        var lines: [Line] = []
        for name in names {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            let file = try DataError.carrying { () throws(FileError) in try MappedFile(path: path) }
            lines += try file.withUnsafeBytes { (bytes) throws(DataError) in
                try self.lines(of: bytes, path: path, frame: .stem(String(name.dropLast(4))))
            }
        }
        result.boxes = boxes(lines)
        return result
    }

    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFile {
        var result = BoxFile(path: path, format: .yolo)
        result.boxes = boxes(
            try lines(of: bytes, path: path, frame: .stem(fileStem(path))))
        return result
    }

    /// A line whose sixth field is not understood yet.
    private struct Line {
        var box: FrameBox
        let sixth: (text: String, value: Double)?
        let seventh: String?
    }

    private static func lines(
        of bytes: UnsafeRawBufferPointer, path: String, frame: FrameBox.Frame
    ) throws(DataError) -> [Line] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .badData("\(path): is not UTF-8 text. Save the file as UTF-8.")
        }
        var result: [Line] = []
        // A carriage return and a line feed are one character, and a new line as well.
        let all = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in all.enumerated() {
            let fields = line.split { $0 == " " || $0 == "\t" || $0 == "\u{FEFF}" }.map(String.init)
            if fields.isEmpty { continue }
            result.append(
                try self.line(fields, frame: frame, place: "\(path): line \(index + 1)"))
        }
        return result
    }

    private static func line(
        _ fields: [String], frame: FrameBox.Frame, place: String
    ) throws(DataError) -> Line {
        guard (5...7).contains(fields.count) else {
            throw .badData(
                "\(place): has \(fields.count) fields; YOLO's boxes have 5 to 7: class, x centre, "
                    + "y centre, width, height, confidence, track."
                    + (fields.count > 7 ? " Outlines are not read." : ""))
        }
        var numbers: [Double] = []
        for (position, field) in fields.enumerated() {
            guard let number = Double(field) else {
                throw .badData("\(place): field \(position + 1), '\(field)', is no number.")
            }
            numbers.append(number)
        }
        for (position, number) in numbers.enumerated().dropFirst().prefix(4) {
            // Boxes may reach out of the frame, but nothing in shares is as large as pixels are.
            guard number.isFinite, abs(number) <= 2 else {
                throw .badData(
                    "\(place): field \(position + 1) is \(fields[position]); YOLO's boxes are "
                        + "shares of the frame, 0 to 1, and not pixels.")
            }
        }
        var box = FrameBox(
            frame: frame,
            area: try FrameBox.Area(
                left: numbers[1] - numbers[3] / 2, top: numbers[2] - numbers[4] / 2,
                width: numbers[3], height: numbers[4], place: place),
            unit: .shares, place: place)
        box.category = Int(exactly: numbers[0]).map(String.init) ?? fields[0]
        return Line(
            box: box, sixth: fields.count > 5 ? (fields[5], numbers[5]) : nil,
            seventh: fields.count > 6 ? fields[6] : nil)
    }

    private static func boxes(_ lines: [Line]) -> [FrameBox] {
        let sixIsTrack = lines.allSatisfy { line in
            line.seventh != nil || line.sixth.map { Int($0.text) != nil } ?? true
        }
        return lines.map { line in
            var box = line.box
            var track = line.seventh
            if let sixth = line.sixth {
                if line.seventh == nil, sixIsTrack {
                    track = sixth.text
                } else {
                    box.confidence = sixth.value
                }
            }
            box.identity = track.flatMap { $0.hasPrefix("-") ? nil : $0 }
            return box
        }
    }
}
