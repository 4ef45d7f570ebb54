// Reads boxes in MOTChallenge's text form, annotations and detections alike.
// Form: motchallenge.net, "Format"; Milan et al., "MOT16: A Benchmark for Multi-Object Tracking",
// section 3.3.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads `frame,id,left,top,width,height` and what may follow.
///
/// Annotations have eight or nine fields: then a flag (0: not to be used), a class and how much is
/// visible. Detections and tracks have six, seven or ten: then a confidence and a place in space.
/// An id of -1 is nobody's. Positions are taken as they are.
enum MOTBoxes {
    private static let names = ["frame", "id", "left", "top", "width", "height"]

    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFile {
        var result = BoxFile(path: path, format: .mot)
        var scanner = CSVScanner(bytes: bytes, path: path)
        var fields: [CSVScanner.Field] = []
        func next() throws(DataError) -> Bool {
            try DataError.carrying { () throws(FileError) in try scanner.next(into: &fields) }
        }
        while try next() {
            let place = "\(path): line \(scanner.line)"
            guard (6...10).contains(fields.count) else {
                throw .badData(
                    "\(place): has \(fields.count) fields; MOT text has 6 to 10: frame, id, left, "
                        + "top, width, height, confidence, class, visibility.")
            }
            var numbers: [Double] = []
            for (position, field) in fields.enumerated() {
                guard let number = scanner.number(field) else {
                    let name = position < 6 ? names[position] : "field \(position + 1)"
                    throw .badData("\(place): the \(name) is no number.")
                }
                numbers.append(number)
            }
            guard let frame = Int(exactly: numbers[0]), frame >= 0 else {
                throw .badData("\(place): the frame is \(numbers[0]); it must be a whole number.")
            }
            guard let track = Int(exactly: numbers[1]) else {
                throw .badData("\(place): the id is \(numbers[1]); it must be a whole number.")
            }
            var box = FrameBox(
                frame: .number(frame),
                area: try FrameBox.Area(
                    left: numbers[2], top: numbers[3], width: numbers[4], height: numbers[5],
                    place: place),
                place: place)
            box.identity = track >= 0 ? String(track) : nil
            switch fields.count {
            case 8, 9:
                if numbers[6] == 0 {
                    result.ignored += 1
                    continue
                }
                box.category = Int(exactly: numbers[7]).map(String.init)
            case 7, 10: box.confidence = numbers[6]
            default: break
            }
            result.boxes.append(box)
        }
        return result
    }
}
