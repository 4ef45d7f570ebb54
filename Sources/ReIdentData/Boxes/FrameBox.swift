// One box around a player in a frame, as a file of boxes states it.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A box around somebody in a frame.
public struct FrameBox: Sendable, Equatable {
    /// How a file of boxes names a frame.
    public enum Frame: Sendable, Hashable, CustomStringConvertible {
        /// The number in the frame's file name, as in MOT: 17 is `000017.jpg`.
        case number(Int)
        /// The frame's file, by its path or its name alone.
        case path(String)
        /// The frame's file without its ending, as in YOLO.
        case stem(String)

        public var description: String {
            switch self {
            case .number(let number): "number \(number)"
            case .path(let path), .stem(let path): "'\(path)'"
            }
        }
    }

    /// What the box's numbers count.
    public enum Unit: Sendable, Equatable {
        /// Pixels of the frame.
        case pixels
        /// Shares of the frame's width and height, 0...1.
        case shares
    }

    /// A rectangle of real numbers from the top left corner of the frame.
    public struct Area: Sendable, Equatable {
        /// From the frame's left edge to the box's; negative where the box begins outside.
        public var left: Double
        /// From the frame's top edge to the box's.
        public var top: Double
        /// Width, not negative.
        public var width: Double
        /// Height, not negative.
        public var height: Double

        /// A rectangle by its corner and size.
        public init(left: Double, top: Double, width: Double, height: Double) {
            self.left = left
            self.top = top
            self.width = width
            self.height = height
        }
    }

    /// The frame it lies in.
    public var frame: Frame
    /// Where it lies; all numbers are finite.
    public var area: Area
    /// What the numbers of `area` count.
    public var unit: Unit
    /// Who is in it, where the file says it: a track's or player's name.
    public var identity: String?
    /// The camera, where the file says it.
    public var camera: String?
    /// The number on the shirt, where the file says it.
    public var number: String?
    /// What is in it, where the file says it: a class's name or number.
    public var category: String?
    /// How sure whoever made the box was, where the file says it.
    public var confidence: Double?
    /// Where the box stands, for messages: `gt.txt: line 3`.
    public var place: String

    /// Creates a box of which no more is known than where it lies.
    public init(frame: Frame, area: Area, unit: Unit = .pixels, place: String) {
        self.frame = frame
        self.area = area
        self.unit = unit
        self.place = place
    }

    /// Where it lies in a frame of that many pixels.
    public func pixels(frameWidth: Int, frameHeight: Int) -> Area {
        guard unit == .shares else { return area }
        return Area(
            left: area.left * Double(frameWidth), top: area.top * Double(frameHeight),
            width: area.width * Double(frameWidth), height: area.height * Double(frameHeight))
    }
}

extension FrameBox.Area {
    /// Left, top, width and height with spaces between them.
    var text: String {
        [left, top, width, height].map { String(format: "%g", $0) }.joined(separator: " ")
    }

    /// Reads what `text` writes.
    ///
    /// - Returns: nil unless there are four finite numbers, the sizes above 0.
    init?(text: String) {
        let numbers = text.split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 4, text.split(separator: " ").count == 4,
            numbers.allSatisfy(\.isFinite), numbers[2] > 0, numbers[3] > 0
        else { return nil }
        self.init(left: numbers[0], top: numbers[1], width: numbers[2], height: numbers[3])
    }

    /// Checks four numbers of a file.
    ///
    /// - Throws: `DataError` of kind `badData`, beginning with `place`, if one is not finite or a
    ///   size is negative.
    init(
        left: Double, top: Double, width: Double, height: Double, place: String
    ) throws(DataError) {
        for (name, value) in [("left", left), ("top", top), ("width", width), ("height", height)] {
            guard value.isFinite else {
                throw .badData(
                    "\(place): the box's \(name) is \(value); a finite number is needed.")
            }
        }
        for (name, value) in [("width", width), ("height", height)] where value < 0 {
            throw .badData(
                "\(place): the box's \(name) is \(value); sizes cannot be negative. "
                    + "Boxes are left, top, width, height, not two corners.")
        }
        self.init(left: left, top: top, width: width, height: height)
    }
}
