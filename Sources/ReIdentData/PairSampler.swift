// Pairs of images of one player for contrastive training, in batches of distinct players.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Two different images of one player, as places in the list of training images.
public struct ImagePair: Sendable, Hashable, Codable {
    /// The place of the query image.
    public let query: Int
    /// The place of the gallery image.
    public let gallery: Int

    /// Creates a pair.
    public init(query: Int, gallery: Int) {
        self.query = query
        self.gallery = gallery
    }
}

/// Draws the batches of one epoch after another.
///
/// In a batch every player comes at most once, because another pair of the same player would be
/// pushed apart by the loss. Everything random comes from `generator`: storing it before an epoch
/// and putting it back repeats that epoch.
public protocol PairSampler: Sendable {
    /// The source of chance; all that changes between two epochs.
    var generator: SeededGenerator { get set }
    /// The images that pairs are made of.
    var pool: PairPool { get }
    /// Pairs a batch, each of another player.
    var batchSize: Int { get }

    /// Draws one epoch: full batches in the order of training.
    ///
    /// - Throws: `DataError` of kind `badData` if not a single batch can be filled.
    mutating func epoch() throws(DataError) -> [[ImagePair]]
}

/// The images of players that have at least two, grouped by player.
public struct PairPool: Sendable {
    /// Places of images, one list a player; each has at least two.
    let imagesOfPlayer: [[Int]]
    /// The player of each image that can be used, and its place in the player's list.
    let places: [Int: (player: Int, position: Int)]

    /// How many players can form pairs.
    public var playerCount: Int { imagesOfPlayer.count }
    /// How many images can form pairs.
    public var imageCount: Int { places.count }
    /// Players that have one image only, and thus none of whom a pair can be made.
    public let skippedPlayers: [String]

    /// Groups training images by player.
    ///
    /// - Parameters:
    ///   - images: Training images; pairs refer to their places in this list.
    ///   - batchSize: Pairs a batch, at least 1.
    /// - Throws: `DataError`: `usage` if the batch size is below 1; `badData` with both numbers if
    ///   fewer players than that have two images.
    init(images: [PlayerImage], batchSize: Int) throws(DataError) {
        guard batchSize >= 1 else {
            throw DataError(kind: .usage, "The batch size is \(batchSize); it must be at least 1.")
        }
        var players: [String: Int] = [:]
        var names: [String] = []
        var groups: [[Int]] = []
        for (index, image) in images.enumerated() {
            if let player = players[image.identity] {
                groups[player].append(index)
            } else {
                players[image.identity] = groups.count
                names.append(image.identity)
                groups.append([index])
            }
        }
        skippedPlayers = groups.indices.filter { groups[$0].count < 2 }.map { names[$0] }
        imagesOfPlayer = groups.filter { $0.count >= 2 }
        var places: [Int: (player: Int, position: Int)] = [:]
        for (player, group) in imagesOfPlayer.enumerated() {
            for (position, image) in group.enumerated() { places[image] = (player, position) }
        }
        self.places = places
        guard imagesOfPlayer.count >= batchSize else {
            throw .badData(
                "A batch of \(batchSize) pairs needs as many different players, and the training "
                    + "part has \(imagesOfPlayer.count) with two images or more"
                    + (skippedPlayers.isEmpty
                        ? "" : " (\(skippedPlayers.count) others have one image)")
                    + ". Give a batch size of at most \(max(1, imagesOfPlayer.count)), or more "
                    + "players.")
        }
    }

    /// Pairs an image with another of the same player, each equally likely.
    func pair(query: Int, using generator: inout SeededGenerator) -> ImagePair? {
        guard let place = places[query] else { return nil }
        let images = imagesOfPlayer[place.player]
        let drawn = generator.integer(below: images.count - 1)
        return ImagePair(
            query: query, gallery: images[drawn < place.position ? drawn : drawn + 1])
    }
}
