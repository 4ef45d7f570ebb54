// The images of a folder, with players where the folder is a data set.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentData
import ReIdentFiles

/// The images of a folder with what is known of them.
struct GalleryFolder {
    /// The images' paths, beginning with the folder's as it was named, sorted.
    let paths: [String]
    /// For each image the player, where known.
    let identities: [String?]
    /// How many files of the folder are no images by their name.
    let skippedCount: Int

    /// Lists a folder.
    ///
    /// - Throws: `FileError` if it does not exist, `ReIdentError.noImages`, or `DataError` if it
    ///   has a manifest that is wrong.
    init(path: String) throws {
        let listing = try ImageListing(folder: path)
        guard !listing.images.isEmpty else {
            throw ReIdentError.noImages(place: path, skipped: listing.skipped.count)
        }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        let known = try Self.knownIdentities(
            in: path, hasManifest: listing.skipped.contains(ManifestWriter.fileName))
        paths = listing.images.map { prefix + $0 }
        identities = listing.images.map { known[$0] }
        skippedCount = listing.skipped.count
    }

    /// Players by relative path; none where the folder is no data set.
    private static func knownIdentities(
        in path: String, hasManifest: Bool
    ) throws -> [String: String] {
        let read = Result { () throws(DataError) in try Dataset(path: path) }
        if case .failure = read, !hasManifest { return [:] }  // any folder can be searched
        let dataset = try read.get()
        let known = dataset.images.filter { $0.isLabelled && !$0.isDistractor }
        return Dictionary(known.map { ($0.path, $0.identity) }, uniquingKeysWith: { $1 })
    }
}
