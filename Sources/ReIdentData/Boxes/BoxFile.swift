// Files of boxes: which form one has, and its boxes.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A form of files of boxes.
public enum BoxFormat: String, Sendable, CaseIterable {
    /// MOTChallenge's text: frame, id, left, top, width, height and more.
    case mot = "MOT text"
    /// COCO's JSON with images and annotations.
    case coco = "COCO JSON"
    /// YOLO's text: class, centre, size as shares of the frame, one file a frame.
    case yolo = "YOLO text"
    /// A table with a header.
    case table = "CSV table"
}

/// The boxes of a file, or of a folder of YOLO's files.
public struct BoxFile: Sendable, Equatable {
    /// A frame's size as the file states it.
    public struct Size: Sendable, Equatable {
        /// Pixels in a row.
        public let width: Int
        /// Rows.
        public let height: Int
    }

    /// The path it was read from.
    public let path: String
    /// The form it was recognised as.
    public let format: BoxFormat
    /// The boxes in the file's order.
    public internal(set) var boxes: [FrameBox] = []
    /// Rows that the file itself marks as not to be used.
    public internal(set) var ignored = 0
    /// The sizes of frames, where the file states them.
    public internal(set) var sizes: [FrameBox.Frame: Size] = [:]

    init(path: String, format: BoxFormat) {
        self.path = path
        self.format = format
    }

    /// Reads a file, or a folder of YOLO's text files.
    ///
    /// The contents decide the form: a folder is YOLO's; `{` begins COCO's JSON; a line of numbers
    /// with commas is MOT's, without commas YOLO's; any other line with commas is the header of a
    /// table with the columns path or frame, left, top, width, height, and where known identity,
    /// camera, number, class, confidence.
    ///
    /// - Throws: `DataError`: `inputNotFound` if the path does not exist; `badData` that names the
    ///   line if the form is unknown or a line is not of it.
    public static func read(_ path: String) throws(DataError) -> BoxFile {
        let kind = try DataError.carrying { () throws(FileError) in try InputPath.kind(of: path) }
        if kind == .folder { return try YOLOBoxes.read(folder: path) }
        let file = try DataError.carrying { () throws(FileError) in try MappedFile(path: path) }
        return try file.withUnsafeBytes { (bytes) throws(DataError) in
            try read(bytes, path: path)
        }
    }

    /// Reads the contents of one file.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - path: What messages call it; the name of a YOLO file is that of its frame.
    /// - Returns: The boxes.
    /// - Throws: `DataError` of kind `badData`, as `read(_:)` by path.
    public static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFile {
        switch try format(of: bytes, path: path) {
        case .mot: try MOTBoxes.read(bytes, path: path)
        case .coco: try COCOBoxes.read(bytes, path: path)
        case .yolo: try YOLOBoxes.read(bytes, path: path)
        case .table: try TableBoxes.read(bytes, path: path)
        }
    }

    /// The form that contents have.
    private static func format(
        of bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFormat {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0)
        guard let start = text.firstIndex(where: { !isSpace($0) }) else {
            throw .badData("\(path): is empty, so there are no boxes in it. \(forms)")
        }
        switch text[start] {
        case UInt8(ascii: "{"): return .coco
        case UInt8(ascii: "["):
            throw .badData(
                "\(path): is a JSON list. COCO's results name frames by numbers that only the "
                    + "annotations explain; give the object with images and annotations.")
        default: break
        }
        let line = text[start...].prefix { $0 != 0x0A && $0 != 0x0D }
        let content = String(decoding: line, as: UTF8.self)
        let hasCommas = content.contains(",")
        let first = content.split { $0 == "," || $0 == " " || $0 == "\t" }.first.map(String.init)
        let isNumber = first.flatMap(Double.init) != nil
        switch (isNumber, hasCommas) {
        case (true, true): return .mot
        case (true, false): return .yolo
        case (false, true): return .table
        case (false, false):
            throw .badData(
                "\(path): line 1: '\(content.prefix(40))' begins no known form of boxes. \(forms)")
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static let forms =
        "Boxes come as MOT text, COCO JSON, YOLO text or a CSV table with a header."
}
