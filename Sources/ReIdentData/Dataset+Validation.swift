// Keeps some players of the training part aside, to choose the best model by.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// The training part without some of its players, and an evaluation on these.
public struct ValidationSplit: Sendable {
    /// The images that remain for training.
    public let training: [PlayerImage]
    /// The images of the players kept aside.
    public let validation: Retrieval
    /// Who was kept aside, sorted.
    public let identities: [String]
}

extension Dataset {
    /// Keeps a share of the training players aside: of each, the first image (where cameras are
    /// told apart: of each camera) is a query, and the others are the gallery, as in Market-1501.
    ///
    /// Only players that can be found by this, thus with a gallery image of another camera, are
    /// drawn. The same data, share and seed give the same players.
    ///
    /// - Parameters:
    ///   - share: The share of the training players, above 0 and below 1; at least two players are
    ///     kept aside, and at least two remain.
    ///   - seed: Decides who is drawn.
    /// - Returns: The remaining images and the validation set.
    /// - Throws: `DataError`: `usage` if the share is not between 0 and 1, `badData` if the
    ///   training part has too few players.
    public func validationSplit(
        share: Double, seed: UInt64
    ) throws(DataError) -> ValidationSplit {
        guard share > 0, share < 1 else {
            throw DataError(
                kind: .usage,
                "The validation share is \(share); it must be above 0 and below 1.")
        }
        let groups = Dictionary(grouping: train, by: \.identity)
        let players = groups.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let eligible = players.filter { Self.canBeFound(groups[$0] ?? []) }
        let wanted = max(2, Int((share * Double(players.count)).rounded()))
        let count = min(wanted, eligible.count, players.count - 2)
        guard count >= 2 else {
            throw .badData(
                "\(root): the training part has \(players.count) players, \(eligible.count) of "
                    + "them with images enough for a validation; two must be kept aside and two "
                    + "remain. Choose the best model on other data.")
        }
        var generator = SeededGenerator(seed: seed)
        let drawn = Set(generator.shuffled(eligible).prefix(count))
        let (queries, gallery) = Self.roles(of: train.filter { drawn.contains($0.identity) })
        return ValidationSplit(
            training: train.filter { !drawn.contains($0.identity) },
            validation: Retrieval(queries: queries, gallery: gallery),
            identities: drawn.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    /// The first image of each player and camera as queries, the others as gallery.
    private static func roles(
        of images: [PlayerImage]
    ) -> (queries: [PlayerImage], gallery: [PlayerImage]) {
        var seen: Set<PlayerAndCamera> = []
        var queries: [PlayerImage] = []
        var gallery: [PlayerImage] = []
        for image in images {
            if seen.insert(.init(image)).inserted {
                queries.append(image.with(role: .query))
            } else {
                gallery.append(image.with(role: .gallery))
            }
        }
        return (queries, gallery)
    }

    /// Whether at least one query of a player has a match that is not left out for its camera.
    private static func canBeFound(_ images: [PlayerImage]) -> Bool {
        let (queries, gallery) = roles(of: images)
        return queries.contains { query in
            gallery.contains { $0.camera == nil || $0.camera != query.camera }
        }
    }
}
