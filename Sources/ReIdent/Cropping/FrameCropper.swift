// Cuts players out of frames into a data set: frames are decoded once each, on all cores, a few at
// a time.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentData
public import ReIdentFiles
import ReIdentFoundation
public import ReIdentImages
import Synchronization

/// Cuts boxes out of frames.
public struct FrameCropper: Sendable {
    /// A crop that was written.
    public struct Crop: Sendable, Equatable {
        /// Its path relative to the data set.
        public let path: String
        /// The box it was cut by.
        public let box: FrameBox
        /// The largest share of the crop that another box of the frame covers, 0 to 1.
        public let others: Double
    }

    /// What became of the boxes.
    public struct Outcome: Sendable {
        /// The crops, by frame, then in the order of the boxes.
        public fileprivate(set) var crops: [Crop] = []
        /// How many frames have boxes and could be read.
        public fileprivate(set) var frameCount = 0
        /// Boxes of which no pixel is in their frame.
        public fileprivate(set) var outside: [FrameBox] = []
        /// How many boxes had too little in their frame.
        public fileprivate(set) var tooSmall = 0
        /// Frames that could not be decoded.
        public fileprivate(set) var badFrames: [(path: String, error: ImageError)] = []
    }

    /// How a box becomes a crop.
    public var rule = CropRule()
    /// Whether a frame that cannot be decoded is left out; otherwise the first ends the work.
    public var skipsBadFrames = false

    /// The usual rule, and no bad frame is left out.
    public init() {}

    /// Cuts boxes out and writes the crops as PNG, whose pixels are those of the frame.
    ///
    /// - Parameters:
    ///   - boxes: The boxes.
    ///   - sizes: Sizes of frames as the file of boxes states them, which must be true.
    ///   - frames: The frames.
    ///   - files: Where the crops go: `crops/PLAYER/FRAME-N.png`.
    ///   - progress: Is told how many of the frames are done.
    /// - Returns: What became of the boxes.
    /// - Throws: `DataError` if a box's frame is missing, ambiguous or of another size than
    ///   stated, `ImageError` of the first bad frame, `FileError` of kind `cannotWrite`, or
    ///   `CancellationError`.
    public func crop(
        _ boxes: [FrameBox], sizes: [FrameBox.Frame: BoxFile.Size] = [:], from frames: FrameListing,
        into files: StagedFiles, progress: PlayerEncoder.Progress = { _, _ in }
    ) throws -> Outcome {
        let jobs = try jobs(boxes, sizes: sizes, frames: frames)
        var outcome = Outcome()
        // A few frames for each core, so that none waits long; a frame of 4K takes 25 MB.
        let step = 2 * ProcessInfo.processInfo.activeProcessorCount
        for start in stride(from: 0, to: jobs.count, by: step) {
            try Task.checkCancellation()
            let part = Array(jobs[start..<min(jobs.count, start + step)])
            let results = Mutex([FrameResult?](repeating: nil, count: part.count))
            parallelForEach(count: part.count) { index in
                let result = Result { try self.crop(part[index], into: files) }
                results.withLock { $0[index] = result }
            }
            for (job, result) in zip(part, results.withLock { $0 }) {
                try add(result, of: job, to: &outcome)
            }
            progress(min(jobs.count, start + step), jobs.count)
        }
        return outcome
    }

    // MARK: One frame

    private typealias FrameResult = Result<FrameOutcome, any Error>

    /// The boxes of one frame.
    private struct Job: Sendable {
        let path: String
        let source: ByteSource
        var size: (size: BoxFile.Size, place: String)?
        /// Boxes with their numbers in the file, from 1.
        var boxes: [(number: Int, box: FrameBox)] = []
    }

    private struct FrameOutcome: Sendable {
        var crops: [Crop] = []
        var outside: [FrameBox] = []
        var tooSmall = 0
    }

    private func jobs(
        _ boxes: [FrameBox], sizes: [FrameBox.Frame: BoxFile.Size], frames: FrameListing
    ) throws(DataError) -> [Job] {
        var jobs: [Int: Job] = [:]
        var places: [FrameBox.Frame: Int] = [:]
        for (index, box) in boxes.enumerated() {
            let place: Int
            if let known = places[box.frame] {
                place = known
            } else {
                place = try frames.place(of: box)
                places[box.frame] = place
            }
            var job =
                jobs[place] ?? Job(path: frames.frames[place], source: frames.source(of: place))
            if job.size == nil { job.size = sizes[box.frame].map { ($0, box.place) } }
            job.boxes.append((index + 1, box))
            jobs[place] = job
        }
        return jobs.sorted { $0.key < $1.key }.map(\.value)
    }

    private func crop(_ job: Job, into files: StagedFiles) throws -> FrameOutcome {
        let frame = try ImageSource(job.source).decoded()
        if let (size, place) = job.size, size.width != frame.width || size.height != frame.height {
            throw DataError(
                kind: .badData,
                "\(place): its frame is stated to be \(size.width) x \(size.height) pixels, and "
                    + "\(job.source) is \(frame.width) x \(frame.height). Use the frames the "
                    + "boxes were made on.")
        }
        var outcome = FrameOutcome()
        let areas = job.boxes.map {
            $0.box.pixels(frameWidth: frame.width, frameHeight: frame.height)
        }
        for (place, (number, box)) in job.boxes.enumerated() {
            switch rule.verdict(
                on: areas[place], frameWidth: frame.width, frameHeight: frame.height)
            {
            case .outside: outcome.outside.append(box)
            case .tooSmall: outcome.tooSmall += 1
            case .crop(let rectangle):
                let path = CropName.path(frame: job.path, identity: box.identity, number: number)
                try files.write(ImageEncoder.png(frame.cropped(to: rectangle)), to: path)
                let others = areas.indices.filter { $0 != place }.map {
                    rectangle.shareCovered(by: areas[$0])
                }
                outcome.crops.append(Crop(path: path, box: box, others: others.max() ?? 0))
            }
        }
        return outcome
    }

    private func add(
        _ result: FrameResult?, of job: Job, to outcome: inout Outcome
    ) throws {
        switch result {
        case .success(let frame):
            outcome.frameCount += 1
            outcome.crops += frame.crops
            outcome.outside += frame.outside
            outcome.tooSmall += frame.tooSmall
        case .failure(let error as ImageError) where skipsBadFrames && error.kind == .badData:
            outcome.badFrames.append((job.source.description, error))
        case .failure(let error): throw error
        case nil: break  // every index of the loop was given a result
        }
    }
}

extension PixelRectangle {
    /// The share of it that an area covers, 0 to 1.
    fileprivate func shareCovered(by area: FrameBox.Area) -> Double {
        let across =
            min(Double(left + width), area.left + area.width) - max(Double(left), area.left)
        let down = min(Double(top + height), area.top + area.height) - max(Double(top), area.top)
        return across > 0 && down > 0 ? across * down / Double(width * height) : 0
    }
}

/// Names of crops that every file system takes.
enum CropName {
    /// For example `crops/23/000017-0042.png`; crops of nobody lie in `crops/unknown`.
    ///
    /// - Parameters:
    ///   - frame: The frame's path.
    ///   - identity: Who is on it, any text.
    ///   - number: The box's number in its file, which no other crop has.
    /// - Returns: A path relative to the data set.
    static func path(frame: String, identity: String?, number: Int) -> String {
        let stem = frame.split(separator: "/").last.map(String.init) ?? frame
        let name = stem.lastIndex(of: ".").map { String(stem[..<$0]) } ?? stem
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "crops/\(safe(identity ?? "unknown"))/\(safe(name))-\(padded).png"
    }

    /// Letters, digits, `-`, `_` and inner dots stay; at most 60 characters.
    private static func safe(_ text: String) -> String {
        let allowed = text.unicodeScalars.prefix(60).map { scalar -> Character in
            let isKept =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_" || scalar == "."
            return isKept ? Character(scalar) : "_"
        }
        let result = String(allowed)
        return result.isEmpty || result.hasPrefix(".") ? "_" + result.dropFirst() : result
    }
}
