// Leagues: who plays, in which part, and which pictures there are.
//
// SPDX-License-Identifier: MIT

import Testing

@testable import ReIdentRendering

@Suite("League")
struct LeagueTests {
    private let league = League(
        .init(
            players: [.train: 30, .test: 14, .challenge: 3], imagesPerPlayer: 6, cameras: 3,
            seed: 5))

    @Test("no player and no team is in two parts")
    func parts() {
        #expect(league.members.count == 47)
        #expect(league.members.map(\.identity) == Array(1...47))
        for part in League.Part.allCases {
            let own = league.members.filter { $0.part == part }
            #expect(own.count == league.settings.players[part])
            let teams = Set(own.map(\.team))
            #expect(league.members.allSatisfy { teams.contains($0.team) == ($0.part == part) })
        }
    }

    @Test("teams have at most as many players as is asked for")
    func teamSizes() {
        let small = League(.init(players: [.train: 5, .test: 2], teamSize: 2, seed: 1))
        let sizes = Dictionary(grouping: small.members, by: \.team).values.map(\.count)
        #expect(sizes.sorted() == [1, 2, 2, 2])
        let alone = League(.init(players: [.train: 3], teamSize: 1, seed: 1))
        #expect(Set(alone.members.map(\.team)).count == 3)
    }

    @Test("team-mates share the kit, and nobody a number or all of a body")
    func teams() {
        let teams = Dictionary(grouping: league.members, by: \.team)
        #expect(teams.count == 6)
        for (_, team) in teams {
            #expect(Set(team.map(\.appearance.kit.shirt.name)).count == 1)
            #expect(team.allSatisfy { $0.appearance.kit == team[0].appearance.kit })
            #expect(Set(team.map(\.appearance.number)).count == team.count)
            #expect(Set(team.map(\.appearance.body.height)).count == team.count)
        }
        #expect(teams[0]?[0].appearance.kit != teams[1]?[0].appearance.kit)
    }

    @Test("both teams of a game give it the same number, and it names both")
    func games() {
        for team in league.teams.indices {
            for round in 0..<League.rounds {
                let game = league.game(of: team, round: round)
                let (first, second) = league.sides(ofGame: game)
                #expect([first, second].contains(team))
                #expect(league.teams[first].part == league.teams[team].part)
                if let second {
                    #expect(league.teams[second].part == league.teams[team].part)
                    #expect(league.game(of: second, round: round) == game)
                }
            }
        }
    }

    @Test("every query's player is in the gallery, filmed by another camera")
    func queries() {
        let pictures = league.pictures
        #expect(pictures.count == 47 * 6)
        for query in pictures where query.isQuery {
            #expect(
                pictures.contains {
                    !$0.isQuery && $0.member == query.member && $0.camera != query.camera
                })
        }
        let frames = Set(pictures.map { "\($0.member) \($0.frame)" })
        #expect(frames.count == pictures.count)
    }

    @Test("one seed gives one league, another seed another")
    func seeds() {
        #expect(League(league.settings) == league)
        var other = league.settings
        other.seed = 6
        #expect(League(other).members != league.members)
    }

    @Test("players wear the numbers there are, short ones more often, in the fonts there are")
    func numbers() throws {
        var settings = League.Settings(players: [.train: 300], teamSize: 1, seed: 3)
        let all = League(settings).members.map(\.appearance.number)
        #expect((40...110).contains(all.count { $0.digits.count == 1 }))
        settings.numbers = try ["4", "00"].map { try #require(ShirtNumber($0)) }
        settings.fonts = try #require(NumberFont.named(["light"]))
        settings.teamSize = 12
        let few = League(settings)
        #expect(Set(few.members.map(\.appearance.number)) == Set(settings.numbers))
        #expect(few.members.allSatisfy { $0.appearance.kit.font.name == "light" })
        let teams = Dictionary(grouping: few.members, by: \.team)
        #expect(teams.values.allSatisfy { $0.count <= 2 })
    }

    @Test("the share of pictures from near is the one asked for, and changes no others")
    func closeUps() {
        var settings = League.Settings(players: [.train: 50], imagesPerPlayer: 6, seed: 3)
        let plain = League(settings)
        #expect(plain.pictures.allSatisfy { !$0.isCloseUp })
        settings.closeUps = 0.5
        #expect((110...190).contains(League(settings).pictures.count(where: \.isCloseUp)))
        #expect(League(settings).members == plain.members)
    }
}
