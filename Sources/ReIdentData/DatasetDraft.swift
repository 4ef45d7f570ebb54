// A data set while one of the readers fills it.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// What a reader collects.
struct DatasetDraft {
    let files: DatasetFiles
    var images: [PlayerImage] = []
    var notes: [String] = []
    private(set) var skipped: [Dataset.Skipped] = []

    private static let exampleCount = 3

    init(files: DatasetFiles) {
        self.files = files
        skip(
            files.others.filter { $0 != DatasetFormat.manifestName },
            "no images by their name")
    }

    /// Notes that files were left out for a reason; no files is no note.
    mutating func skip(_ paths: [String], _ reason: String) {
        guard !paths.isEmpty else { return }
        skipped.append(
            .init(
                reason: reason, count: paths.count,
                examples: Array(paths.prefix(Self.exampleCount))))
    }

    /// Gives roles to a part whose images have none: for each player the first image of each
    /// camera is a query, the others are the gallery, as in Market-1501.
    mutating func assignRoles(in split: Split) {
        var seen: Set<PlayerAndCamera> = []
        for index in images.indices where images[index].split == split {
            let image = images[index]
            let isFirst = seen.insert(.init(image)).inserted
            images[index].role = isFirst && !image.isDistractor ? .query : .gallery
        }
    }
}

/// One player in front of one camera.
struct PlayerAndCamera: Hashable {
    let identity: String
    let camera: String?

    init(_ image: PlayerImage) {
        identity = image.identity
        camera = image.camera
    }
}
