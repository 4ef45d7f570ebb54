// The pictures of a league: who is on each, in which game, filmed by which camera, and what for.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
public import ReIdentImages

extension League {
    /// One picture that can be rendered.
    public struct Picture: Sendable, Equatable {
        /// The player's place in `members`.
        public let member: Int
        /// Which of the player's pictures it is, from 0.
        public let index: Int
        /// The camera's place in `cameras`.
        public let camera: Int
        /// The game it comes from, a number of the whole league's, from 1.
        public let game: Int
        /// The frame of the game, from 0; the frames of one player's pictures differ.
        public let frame: Int
        /// Whether it is to be searched by; without meaning in the part to learn from.
        public let isQuery: Bool
        /// Whether it shows the number from near instead of the player.
        public var isCloseUp = false
    }

    /// All pictures, player by player.
    ///
    /// A player's pictures go round the cameras, so the gallery holds each query's player filmed by
    /// another camera, where there are two.
    public var pictures: [Picture] {
        let count = settings.imagesPerPlayer
        let queries = min(settings.cameras, count / 2)
        return members.indices.flatMap { member in
            var generator = Self.generator(settings.seed, .game, member)
            let shift = generator.integer(below: settings.cameras)
            return (0..<count).map { index -> Picture in
                let round = generator.integer(below: Self.rounds)
                var picture = Picture(
                    member: member, index: index, camera: (shift + index) % settings.cameras,
                    game: game(of: members[member].team, round: round),
                    frame: index * 250 + generator.integer(below: 250), isQuery: index < queries)
                // Without any, the other pictures are those of a league that never had them.
                if settings.closeUps > 0 {
                    picture.isCloseUp = generator.chance(settings.closeUps)
                }
                return picture
            }
        }
    }

    /// Renders a picture; any number of threads may do so at a time.
    ///
    /// - Parameter picture: One of `pictures`.
    /// - Returns: The same crop each time.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public func render(_ picture: Picture) throws(ImageError) -> RenderedCrop {
        let member = members[picture.member]
        let (first, second) = sides(ofGame: picture.game)
        let others = [first, second].compactMap { $0 }.flatMap { teams[$0].members }
            .filter { $0 != picture.member }.map { members[$0].appearance }
        var venueGenerator = Self.generator(settings.seed, .game, picture.game << 24)
        var generator = Self.generator(
            settings.seed, .picture, picture.member * settings.imagesPerPlayer + picture.index)
        return try PlayerRenderer.render(
            member.appearance, camera: cameras[picture.camera],
            in: .init(venue: Venue(using: &venueGenerator), others: others),
            framing: picture.isCloseUp ? .number : .player, captions: settings.captions,
            seed: generator.next())
    }

    // MARK: Games

    /// The number of a team's game of a round: both teams give the same.
    ///
    /// Teams of a part meet in a circle: in round r, team i and team (r - i) modulo the number of
    /// teams; who meets itself has a training game.
    func game(of team: Int, round: Int) -> Int {
        let range = teams(ofSamePartAs: team)
        let place = team - range.lowerBound
        let other = (range.count + round - place) % range.count
        return (range.lowerBound + min(place, other)) * Self.rounds + round + 1
    }

    /// The teams of a game.
    func sides(ofGame game: Int) -> (first: Int, second: Int?) {
        let (first, round) = ((game - 1) / Self.rounds, (game - 1) % Self.rounds)
        let range = teams(ofSamePartAs: first)
        let place = first - range.lowerBound
        let other = range.lowerBound + (range.count + round - place) % range.count
        return (first, other == first ? nil : other)
    }

    private func teams(ofSamePartAs team: Int) -> Range<Int> {
        let part = teams[team].part
        let first = teams.firstIndex { $0.part == part } ?? team
        let last = teams.lastIndex { $0.part == part } ?? team
        return first..<last + 1
    }
}
