// The files of a data set, whether they lie in a folder or in a zip archive.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation

/// What a reader of data sets sees: sorted relative paths, and bytes for each.
struct DatasetFiles {
    /// The path the user gave.
    let root: String
    /// Images relative to the data set's root, sorted by bytes.
    let images: [String]
    /// All other files.
    let others: [String]

    private let archive: ZipArchive?
    /// Folders around the data set inside an archive, with a slash at the end.
    private let prefix: String

    init(path: String) throws(DataError) {
        root = path
        switch try DataError.carrying({ () throws(FileError) in try InputPath.kind(of: path) }) {
        case .folder:
            let listing = try DataError.carrying { () throws(FileError) in
                try ImageListing(folder: path)
            }
            archive = nil
            prefix = ""
            images = listing.images
            others = listing.skipped
        case .file:
            guard path.lowercased().hasSuffix(".zip") else {
                throw DataError(
                    kind: .badData,
                    "\(path): is a file; a data set is a folder or a .zip archive of one.")
            }
            let archive = try DataError.carrying { () throws(FileError) in
                try ZipArchive(path: path)
            }
            let names = archive.entries.map(\.name).filter { !$0.hasPrefix("__MACOSX/") }
            let prefix = Self.commonFolder(of: names)
            let listing = ImageListing(paths: names.map { String($0.dropFirst(prefix.count)) })
            self.archive = archive
            self.prefix = prefix
            images = listing.images
            others = listing.skipped
        }
    }

    /// The place of a file's bytes.
    func source(of path: String) -> ByteSource {
        if let archive {
            .zipEntry(archive, name: prefix + path)
        } else {
            .file(root.hasSuffix("/") ? root + path : "\(root)/\(path)")
        }
    }

    /// The names at the top: files as they are, folders with a slash at the end, sorted.
    var topLevel: [String] {
        var names: Set<String> = []
        for path in images + others { names.insert(Self.firstFolder(of: path) ?? path) }
        return names.sorted(by: ImageListing.precedes)
    }

    /// The first folder of a path with a slash at the end, or nil for a bare name.
    static func firstFolder(of path: String) -> String? {
        path.firstIndex(of: "/").map { String(path[...$0]) }
    }

    /// The folders that all files of an archive lie in, as archives of one folder have them.
    ///
    /// A folder that belongs to a layout is not taken away.
    private static func commonFolder(of names: [String]) -> String {
        var prefix = ""
        while let first = names.first?.dropFirst(prefix.count),
            let folder = firstFolder(of: String(first)),
            !DatasetFormat.layoutFolders.contains(folder),
            names.allSatisfy({ $0.dropFirst(prefix.count).hasPrefix(folder) })
        {
            prefix += folder
        }
        return prefix
    }
}
