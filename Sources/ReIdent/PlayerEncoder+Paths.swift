// Embedding by path: what an application starts with.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentImages

extension PlayerEncoder {
    /// Embeds image files and all images in folders.
    ///
    /// Folders are read recursively, sorted by the bytes of the path; files in them without an
    /// image's ending are left out. An image is called by the path it was found at.
    ///
    /// - Parameters:
    ///   - paths: Files, taken whatever they are called, and folders.
    ///   - skipsBadImages: Whether an image that cannot be decoded is left out; otherwise the first
    ///     ends the work.
    ///   - progress: Is told after every batch.
    /// - Returns: One row for every good image.
    /// - Throws: `FileError` if a path does not exist, `ReIdentError.noImages`, `ImageError` of
    ///   the first bad image, or `EngineError`.
    public nonisolated func embed(
        paths: [String], skipsBadImages: Bool = false, progress: Progress = { _, _ in }
    ) async throws -> Outcome {
        let (images, skipped) = try ImageListing.gather(paths)
        guard !images.isEmpty else {
            throw ReIdentError.noImages(place: paths.joined(separator: ", "), skipped: skipped)
        }
        let sources = images.map { ImageSource(.file($0)) }
        return try await embed(sources, skipsBadImages: skipsBadImages, progress: progress)
    }
}
