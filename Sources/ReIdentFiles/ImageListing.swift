// Finds the images in a folder: recursively, symbolic links followed, sorted by the bytes of the
// path, so that every machine sees the same list.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The images found below a folder.
public struct ImageListing: Sendable, Equatable {
    /// The endings, in lower case, by which a file is taken for an image.
    public static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp"]

    /// Paths relative to the folder, sorted by their bytes.
    public let images: [String]
    /// Paths of files that are no images by their name, of links that lead nowhere or back, of
    /// pipes and devices, and of names that are not UTF-8.
    public let skipped: [String]

    /// Sorts paths that were found elsewhere, for example in an archive, as a folder's are.
    public init(paths: [String]) {
        var images: [String] = []
        var skipped: [String] = []
        for path in paths {
            if Self.isImage(path) { images.append(path) } else { skipped.append(path) }
        }
        self.images = images.sorted(by: Self.precedes)
        self.skipped = skipped.sorted(by: Self.precedes)
    }

    /// Walks a folder.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if the path does not exist, is no folder, or
    ///   a folder below it cannot be read.
    public init(folder: String) throws(FileError) {
        try InputPath.requireFolder(folder)
        var walk = FolderWalk(root: folder)
        try walk.visit("", ancestors: [])
        self.init(paths: walk.files)
    }

    /// The images that several paths lead to, in the order given: a file stands for itself,
    /// whatever its name; a folder for the images below it.
    ///
    /// - Returns: The paths, each beginning with the one it was found by, and how many files of
    ///   folders were skipped because they are no images.
    /// - Throws: `FileError` of kind `inputNotFound` if a path does not exist or cannot be read.
    public static func gather(
        _ paths: [String]
    ) throws(FileError) -> (images: [String], skipped: Int) {
        var images: [String] = []
        var skipped = 0
        for path in paths {
            switch try InputPath.kind(of: path) {
            case .file:
                images.append(path)
            case .folder:
                let listing = try ImageListing(folder: path)
                let prefix = path.hasSuffix("/") ? path : path + "/"
                images += listing.images.map { prefix + $0 }
                skipped += listing.skipped.count
            }
        }
        return (images, skipped)
    }

    /// Whether a path has an image's ending and is not one of macOS's companion files (`._name`),
    /// which carry the ending of the image they accompany.
    public static func isImage(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), !name.hasPrefix("._") else { return false }
        return extensions.contains(name[name.index(after: dot)...].lowercased())
    }

    /// Whether one path comes before another by its bytes.
    public static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}

/// A walk through a folder and everything below it.
private struct FolderWalk {
    /// What tells one folder from another, whatever path leads to it.
    struct Identity: Equatable {
        let device: UInt64
        let number: UInt64
    }

    let root: String
    var files: [String] = []

    /// Visits one folder.
    ///
    /// - Parameters:
    ///   - relative: Its path below the root, with a slash at the end unless empty.
    ///   - ancestors: The folders it lies in; a link back to one of them is not followed.
    /// - Throws: `FileError` of kind `inputNotFound` if a folder cannot be read.
    mutating func visit(_ relative: String, ancestors: [Identity]) throws(FileError) {
        let path = "\(root)/\(relative)"
        var status = stat()
        guard stat(path, &status) == 0, let folder = opendir(path) else {
            throw .unreadable(path, code: errno)
        }
        defer { closedir(folder) }
        let identity = Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            number: UInt64(truncatingIfNeeded: status.st_ino))
        while let item = readdir(folder) {
            let (name, isExact) = withUnsafeBytes(of: item.pointee.d_name) { bytes in
                let bytes = bytes.prefix { $0 != 0 }
                let exact = String(validating: bytes, as: UTF8.self)
                return (exact ?? String(decoding: bytes, as: UTF8.self), exact != nil)
            }
            if name == "." || name == ".." { continue }
            guard isExact else {
                files.append(relative + name + " (its name is not UTF-8)")
                continue
            }
            try take(relative + name, ancestors: ancestors + [identity])
        }
    }

    private mutating func take(_ relative: String, ancestors: [Identity]) throws(FileError) {
        var status = stat()
        guard stat("\(root)/\(relative)", &status) == 0 else {
            files.append(relative + " (cannot be followed)")  // a broken link: listed as skipped
            return
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            let isFile = status.st_mode & S_IFMT == S_IFREG
            files.append(isFile ? relative : relative + " (is a pipe or a device)")
            return
        }
        let identity = Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            number: UInt64(truncatingIfNeeded: status.st_ino))
        guard !ancestors.contains(identity) else {
            files.append(relative + " (leads back to a folder it lies in)")
            return
        }
        try visit(relative + "/", ancestors: ancestors)
    }
}
