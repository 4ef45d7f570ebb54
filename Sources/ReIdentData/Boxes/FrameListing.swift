// The frames in a folder, and which of them a file of boxes means.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
import ReIdentFoundation

/// Frames that boxes can be looked up in.
public struct FrameListing: Sendable {
    /// The folder or file that was named.
    public let root: String
    /// The frames' paths relative to the root, sorted by their bytes.
    public let frames: [String]
    /// How many other files are in the folder.
    public let skippedCount: Int

    private let isFile: Bool
    private let placesByPath: [String: Int]
    private let placesByStem: [String: [Int]]
    private let placesByName: [String: [Int]]
    private let placesByBareStem: [String: [Int]]
    private let placesByNumber: [Int: [Int]]

    /// Lists the images in a folder, or takes one image alone.
    ///
    /// - Throws: `DataError`: `inputNotFound` if the path does not exist; `badData` if the folder
    ///   has no images.
    public init(path: String) throws(DataError) {
        root = path
        let kind = try DataError.carrying { () throws(FileError) in try InputPath.kind(of: path) }
        isFile = kind == .file
        if isFile {
            frames = [path.split(separator: "/").last.map(String.init) ?? path]
            skippedCount = 0
        } else {
            let listing = try DataError.carrying { () throws(FileError) in
                try ImageListing(folder: path)
            }
            frames = listing.images
            skippedCount = listing.skipped.count
            guard !frames.isEmpty else {
                throw .badData(
                    "\(path): holds no frames. Frames are images that end in .jpg, .jpeg, .png or "
                        + ".webp.")
            }
        }
        let paths = frames
        let all = paths.indices
        placesByPath = Dictionary(all.map { (paths[$0], $0) }, uniquingKeysWith: { $1 })
        placesByStem = Dictionary(grouping: all) { Self.withoutEnding(paths[$0]) }
        placesByName = Dictionary(grouping: all) { Self.name(paths[$0]) }
        placesByBareStem = Dictionary(grouping: all) { fileStem(paths[$0]) }
        var byNumber: [Int: [Int]] = [:]
        for place in all {
            if let number = Self.number(in: paths[place]) {
                byNumber[number, default: []].append(place)
            }
        }
        placesByNumber = byNumber
    }

    /// Where a frame's bytes are.
    public func source(of frame: Int) -> ByteSource {
        if isFile { return .file(root) }
        return .file(root.hasSuffix("/") ? root + frames[frame] : "\(root)/\(frames[frame])")
    }

    /// The frame that a box means: its place in `frames`.
    ///
    /// Numbers are the last digits in a file's name. Paths are relative to the root; a name alone
    /// also finds a frame in a folder below it.
    ///
    /// - Throws: `DataError`: `inputNotFound` if there is no such frame; `badData` if there are
    ///   several.
    public func place(of box: FrameBox) throws(DataError) -> Int {
        let found: [Int]
        switch box.frame {
        case .number(let number): found = placesByNumber[number] ?? []
        case .path(let path):
            let inside = ManifestReader.relativePath(path)
            if let place = inside.flatMap({ placesByPath[$0] }) { return place }
            found = placesByName[Self.name(path)] ?? []
        case .stem(let stem):
            let exact = placesByStem[stem] ?? []
            found = exact.isEmpty ? placesByBareStem[Self.name(stem)] ?? [] : exact
        }
        guard let place = found.first else {
            throw DataError(
                kind: .inputNotFound,
                "\(box.place): there is no frame \(box.frame) in \(root), which has "
                    + "\(frames.count) (\(someNames(frames, atMost: 2))). Name the folder of the "
                    + "frames these boxes were made on.")
        }
        guard found.count == 1 else {
            throw .badData(
                "\(box.place): the frame \(box.frame) may be any of "
                    + "\(someNames(found.map { frames[$0] })). Name one sequence's folder.")
        }
        return place
    }

    private static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func withoutEnding(_ path: String) -> String {
        let name = name(path)
        return String(path.dropLast(name.count - fileStem(path).count))
    }

    /// The last number in a file's name.
    private static func number(in path: String) -> Int? {
        let stem = fileStem(path)
        guard let end = stem.lastIndex(where: { $0.isASCII && $0.isNumber }) else { return nil }
        let digits = stem[...end].reversed().prefix { $0.isASCII && $0.isNumber }
        return Int(String(digits.reversed()))
    }
}
