// A data set as the rest of the package sees it: images of players in parts, and what was left out.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Images of players, read from any of the layouts that are understood.
public struct Dataset: Sendable {
    /// How data sets are read that leave something open.
    public struct Options: Sendable, Equatable {
        /// The share of players (0...1) that become the test part where no parts are given.
        public var testShare: Double
        /// The seed by which these players are drawn.
        public var seed: UInt64

        /// Creates options; the defaults are those of the program.
        public init(testShare: Double = 0.3, seed: UInt64 = 1) {
            self.testShare = testShare
            self.seed = seed
        }
    }

    /// Files that were left out for one reason.
    public struct Skipped: Sendable, Equatable {
        /// Why, as the end of a sentence that begins with a number of files.
        public let reason: String
        /// How many.
        public let count: Int
        /// The first few paths.
        public let examples: [String]
    }

    /// The folder or archive it was read from.
    public let root: String
    /// The layout it was recognised by.
    public let format: DatasetFormat
    /// All images; their order is that of rows and columns everywhere.
    public let images: [PlayerImage]
    /// What was left out, and why.
    public let skipped: [Skipped]
    /// Remarks about how it was read that its user should know.
    public let notes: [String]

    /// Reads a data set from a folder or a zip archive; images are not decoded.
    ///
    /// - Parameters:
    ///   - path: The folder or `.zip` archive.
    ///   - options: How players are parted where the layout does not say it.
    /// - Throws: `DataError`: `inputNotFound` if the path does not exist; `badData` if the layout
    ///   is not known, the manifest is wrong, or a player is both in the training part and in
    ///   another; `usage` if the share is not within 0...1.
    public init(path: String, options: Options = Options()) throws(DataError) {
        guard (0...1).contains(options.testShare) else {
            throw DataError(
                kind: .usage,
                "The share of test players is \(options.testShare); it must be from 0 to 1.")
        }
        let files = try DatasetFiles(path: path)
        let format = try DatasetFormat.recognised(in: files)
        var draft = DatasetDraft(files: files)
        switch format {
        case .manifest: try ManifestReader.read(into: &draft)
        case .synergyReID: SynergyReIDReader.read(into: &draft)
        case .market1501: Market1501Reader.read(into: &draft)
        case .folderPerPlayer: FolderPerPlayerReader.read(into: &draft, options: options)
        }
        try self.init(draft: draft, format: format)
    }

    private init(draft: DatasetDraft, format: DatasetFormat) throws(DataError) {
        root = draft.files.root
        self.format = format
        images = draft.images
        skipped = draft.skipped
        notes = draft.notes
        guard !images.isEmpty else {
            let reasons = skipped.map { "\($0.count) \($0.reason)" }.joined(separator: "; ")
            throw .badData(
                "\(root): was recognised as \(format.label), and no image in it can be used"
                    + (reasons.isEmpty ? "." : ": \(reasons)."))
        }
        try requireDisjointIdentities()
    }

    /// The images of one part.
    public func images(in split: Split) -> [PlayerImage] { images.filter { $0.split == split } }

    /// The images of the training part.
    public var train: [PlayerImage] { images(in: .train) }

    /// The images of one part that are searched for.
    public func queries(in split: Split) -> [PlayerImage] {
        images.filter { $0.split == split && $0.role == .query }
    }

    /// The images of one part that are searched in, distractors included.
    public func gallery(in split: Split) -> [PlayerImage] {
        images.filter { $0.split == split && $0.role == .gallery }
    }

    /// The queries and the gallery of one part.
    ///
    /// - Throws: `DataError` of kind `badData` if the part has no queries or no gallery.
    public func retrieval(in split: Split) throws(DataError) -> Retrieval {
        let queries = queries(in: split)
        let gallery = gallery(in: split)
        guard !queries.isEmpty, !gallery.isEmpty else {
            let parts = Split.allCases.filter { !self.queries(in: $0).isEmpty }.map(\.rawValue)
            throw .badData(
                "\(root): the part '\(split.rawValue)' has \(queries.count) queries and "
                    + "\(gallery.count) gallery images; at least one of each is needed. "
                    + (parts.isEmpty
                        ? "No part of this data set has queries."
                        : "Parts with queries: \(parts.joined(separator: ", "))."))
        }
        return Retrieval(queries: queries, gallery: gallery)
    }

    /// Refuses a player that is both trained on and evaluated on.
    private func requireDisjointIdentities() throws(DataError) {
        let trained = Set(train.map(\.identity))
        var shared: Set<String> = []
        for image in images
        where image.split != .train && image.isLabelled && !image.isDistractor
            && trained.contains(image.identity)
        {
            shared.insert(image.identity)
        }
        guard shared.isEmpty else {
            let names = shared.sorted(by: <)
            throw .badData(
                "\(root): \(names.count) players are both in the training part and in another: "
                    + "\(someNames(names, atMost: 5)). An evaluation on players that were trained "
                    + "on means nothing; give each player one part.")
        }
    }
}
