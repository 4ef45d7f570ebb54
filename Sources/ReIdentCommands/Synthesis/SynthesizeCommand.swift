// `reident synthesize`: a data set of players that do not exist, rendered from a seed.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
import ReIdentData
import ReIdentFiles
public import ReIdentRendering

/// Renders a data set.
struct SynthesizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize",
        abstract: "Renders a data set of players that do not exist.",
        discussion: """
            Teams share a kit; hall, opponents, camera, pose and what hides a player change from \
            picture to picture. No player and no team is in two parts. One seed gives the same \
            bytes, however many cores render them. Pictures of nobody have no owner and no \
            licence of others: try the program with them, or learn from them before real data.
            """)

    @Option(help: "The data set to write: a folder.")
    var out: String

    @Option(help: "Players to learn from.")
    var players = 200

    @Option(help: "Pictures of each player.")
    var imagesPerPlayer = 12

    @Option(help: "Further players to test with, and in SynergyReID as many for the challenge.")
    var testPlayers = 50

    @Option(help: "Cameras; with one alone the manifest names none.")
    var cameras = 4

    @Option(help: "The most players who share a kit; the fewer, the easier to tell apart.")
    var teamSize = 12

    @Option(help: "The share of pictures that show a shirt's number from near, 0 to 1.")
    var closeUps = 0.0

    @Option(
        help: "Numbers that players wear, such as 0-9,23,00; 00 is another number than 0.")
    var numbers = NumberChoice.upTo99

    @Option(
        help: ArgumentHelp(
            "Styles of the numbers: \(NumberFont.all.map(\.name).joined(separator: ", ")); "
                + "several after commas. (default: all)"))
    var fonts: FontChoice?

    @Option(
        help: """
            How captions are worded: varied (sentences, as people would), short (in fixed words \
            the number, the shirt or both) or shirt (of players only the shirt); from the fixed \
            ones a new model learns its first words.
            """)
    var captions = CaptionStyle.varied

    @Option(help: "Decides everything that is left to chance.")
    var seed: UInt64 = 1

    @Option(help: "How the files lie: manifest or synergyreid.")
    var layout = SynthesizedLayout.manifest

    @Flag(help: "Write masks of number, shirt, body and others beside the crops, in masks/.")
    var masks = false

    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("--players", players, 0...100_000)
        try requireRange("--test-players", testPlayers, 0...100_000)
        try requireRange("--images-per-player", imagesPerPlayer, 2...1000)
        try requireRange("--cameras", cameras, 1...100)
        try requireRange("--team-size", teamSize, 1...100)
        guard (0...1).contains(closeUps) else {
            throw ValidationError("--close-ups is \(closeUps); expected a share from 0 to 1.")
        }
        guard players + testPlayers > 0 else {
            throw ValidationError("--players and --test-players are both 0; nobody is rendered.")
        }
    }

    func run() async throws {
        let folder = try OutputFolder(
            path: out, force: force.isGiven, replacingOnlyWith: SynthesizedLayout.marks)
        let challenge = layout == .synergyreid ? testPlayers : 0
        var settings = League.Settings(
            players: [.train: players, .test: testPlayers, .challenge: challenge],
            imagesPerPlayer: imagesPerPlayer, cameras: cameras, teamSize: teamSize, seed: seed)
        settings.closeUps = closeUps
        settings.captions = captions
        settings.numbers = numbers.numbers
        if let fonts { settings.fonts = fonts.fonts }
        let league = League(settings)
        let meter = output.meter("Rendering")
        let crops = try SynthesizedDataset(league: league, layout: layout, hasMasks: masks)
            .write(to: folder.files) { meter.update($0, of: $1) }
        meter.finish()
        try Task.checkCancellation()
        try folder.finish()
        let report = SynthesisReport(
            league, layout: layout, readableNumbers: crops.count { $0.number != nil },
            seed: seed, out: out)
        try output.print(report, text: report.text)
    }
}

extension SynthesizedLayout: ExpressibleByArgument {}
extension CaptionStyle: ExpressibleByArgument {}

/// What was rendered.
private struct SynthesisReport: Encodable {
    struct PartReport: Encodable {
        let players: Int
        let images: Int
        let queries: Int?
    }

    let out: String
    let layout: String
    let seed: UInt64
    let images: Int
    let players: Int
    let teams: Int
    let cameras: Int
    let readableNumbers: Int
    let parts: [String: PartReport]

    enum CodingKeys: String, CodingKey {
        case out, layout, seed, images, players, teams, cameras, parts
        case readableNumbers = "readable_numbers"
    }

    init(
        _ league: League, layout: SynthesizedLayout, readableNumbers: Int, seed: UInt64, out: String
    ) {
        self.out = out
        self.layout = layout.rawValue
        self.seed = seed
        self.readableNumbers = readableNumbers
        let pictures = league.pictures
        images = pictures.count
        players = league.members.count
        teams = Set(league.members.map(\.team)).count
        cameras = league.cameras.count
        var parts: [String: PartReport] = [:]
        for part in League.Part.allCases {
            let count = league.members.count { $0.part == part }
            guard count > 0 else { continue }
            let own = pictures.filter { league.members[$0.member].part == part }
            parts[part.rawValue] = PartReport(
                players: count, images: own.count,
                queries: part == .train ? nil : own.count { $0.isQuery })
        }
        self.parts = parts
    }

    var text: String {
        var lines = ["\(images) crops of \(players) players in \(teams) teams: \(out)"]
        for part in League.Part.allCases {
            guard let own = parts[part.rawValue] else { continue }
            let queries = own.queries.map { ", \($0) of them queries" } ?? ""
            lines.append(
                "  \(part.rawValue): \(own.players) players, \(own.images) crops\(queries)")
        }
        lines.append("The number can be read on \(readableNumbers) crops.")
        return lines.joined(separator: "\n")
    }
}
