// A league: teams of players who share kits, the parts they belong to, and the pictures of them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// Teams, players, halls and cameras, all of one seed, and a list of pictures to render.
///
/// Team-mates share everything but body, hair, shoes, what they wear besides and their number, so
/// that they are hard to tell apart. No player, and no team, is in two parts.
public struct League: Sendable, Equatable {
    /// How large a league is.
    public struct Settings: Sendable, Equatable {
        /// Players of each part; each 0 or more.
        public var players: [Part: Int]
        /// Pictures of each player, at least 2.
        public var imagesPerPlayer: Int
        /// Cameras, at least 1.
        public var cameras: Int
        /// The most players who share a kit, 1 to 100.
        public var teamSize: Int
        /// Styles of the digits on shirts, at least one.
        public var fonts = NumberFont.all
        /// The numbers that players wear, at least one; a larger team is cut down to them.
        public var numbers = ShirtNumber.upTo99
        /// The share of pictures that show a shirt's number from near, 0...1.
        public var closeUps = 0.0
        /// How pictures are put into words.
        public var captions = CaptionStyle.varied
        /// Decides all of it.
        public var seed: UInt64

        /// The size of a league.
        public init(
            players: [Part: Int], imagesPerPlayer: Int = 12, cameras: Int = 4, teamSize: Int = 12,
            seed: UInt64 = 1
        ) {
            precondition(players.values.allSatisfy { $0 >= 0 }, "a count is not negative")
            precondition(imagesPerPlayer >= 2, "a player has at least a query and its answer")
            precondition(cameras >= 1, "somebody must film")
            precondition(
                (1...100).contains(teamSize), "a team has a number for each of its players")
            self.players = players
            self.imagesPerPlayer = imagesPerPlayer
            self.cameras = cameras
            self.teamSize = teamSize
            self.seed = seed
        }
    }

    /// What players are for.
    public enum Part: String, Sendable, CaseIterable {
        /// To learn from.
        case train
        /// To test with.
        case test
        /// To be judged by others.
        case challenge
    }

    /// A player of a team.
    public struct Member: Sendable, Equatable {
        /// Counts from 1 through all parts.
        public let identity: Int
        /// The team, counted from 0 through all parts.
        public let team: Int
        /// What the player is for.
        public let part: Part
        /// How the player looks.
        public let appearance: PlayerAppearance
    }

    /// Players of one kit and one part; numbers are theirs alone within the team.
    struct Team: Sendable, Equatable {
        let part: Part
        let members: Range<Int>
    }

    /// How many games a team's pictures come from.
    static let rounds = 3

    /// What it was made by.
    public let settings: Settings
    /// All players, those to learn from first, then those to test with.
    public private(set) var members: [Member] = []
    /// All cameras; every game is filmed by each of them.
    public let cameras: [Camera]
    private(set) var teams: [Team] = []

    /// A league of a seed.
    public init(_ settings: Settings) {
        self.settings = settings
        cameras = (0..<settings.cameras).map { index in
            var generator = Self.generator(settings.seed, .camera, index)
            return Camera(using: &generator)
        }
        var lastShirts: [String] = []
        for part in Part.allCases {
            let count = settings.players[part] ?? 0
            let teamSize = min(settings.teamSize, settings.numbers.count)
            let teamCount = (count + teamSize - 1) / teamSize
            for index in 0..<teamCount {
                let size = count * (index + 1) / teamCount - count * index / teamCount
                addTeam(part, size: size, avoiding: &lastShirts)
            }
        }
    }

    /// Adds a team whose shirts are not of the colour of the teams before it.
    private mutating func addTeam(_ part: Part, size: Int, avoiding shirts: inout [String]) {
        var generator = Self.generator(settings.seed, .team, teams.count)
        let fonts = settings.fonts
        var kit = Kit(fonts: fonts, using: &generator)
        while shirts.contains(kit.shirt.name) { kit = Kit(fonts: fonts, using: &generator) }
        shirts = shirts.suffix(2) + [kit.shirt.name]
        let numbers = Self.wished(settings.numbers, &generator)
        let first = members.count
        for place in 0..<size {
            let identity = members.count + 1
            var generator = Self.generator(settings.seed, .player, identity)
            members.append(
                Member(
                    identity: identity, team: teams.count, part: part,
                    appearance: PlayerAppearance(
                        kit: kit, number: numbers[place], using: &generator)))
        }
        teams.append(Team(part: part, members: first..<members.count))
    }

    /// Numbers in the order in which players ask for them: short ones are liked three times as
    /// much.
    private static func wished(
        _ numbers: [ShirtNumber], _ generator: inout SeededGenerator
    ) -> [ShirtNumber] {
        // Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
        let keys = numbers.map { log(generator.uniform()) / ($0.digits.count == 1 ? 3 : 1) }
        return numbers.indices.sorted { keys[$0] > keys[$1] }.map { numbers[$0] }
    }

    // MARK: Chance

    /// What a sequence of random numbers is for: each has its own.
    enum Purpose: UInt64 {
        case camera = 1
        case team, player, picture, game
    }

    /// The generator of one thing of a league; what is drawn for one does not change another.
    static func generator(_ seed: UInt64, _ purpose: Purpose, _ index: Int) -> SeededGenerator {
        SeededGenerator(seed: seed, stream: purpose.rawValue << 40 | UInt64(index))
    }
}
