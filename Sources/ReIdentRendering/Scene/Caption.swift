// A crop in words, as different people would put it.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// How crops are put into words; the pictures are the same.
public enum CaptionStyle: String, Sendable, CaseIterable {
    /// In sentences, as different people would.
    case varied
    /// In fixed words: from near the number or `no number`; of a player that, the shirt, or both.
    case short
    /// In fixed words: from near the number or `no number`; of a player the shirt alone.
    case shirt
}

/// What can be said about a crop.
struct Caption {
    private let kit: Kit
    private let side: String
    private let number: String?
    private let framing: PlayerRenderer.Framing

    /// What is known of a crop.
    ///
    /// - Parameters:
    ///   - player: Who is on it.
    ///   - pose: Which side is turned to the camera.
    ///   - number: The number, where it can be read.
    ///   - framing: What the crop shows.
    init(
        _ player: PlayerAppearance, pose: Pose, number: ShirtNumber?,
        framing: PlayerRenderer.Framing
    ) {
        kit = player.kit
        side = Self.side(pose.yaw)
        self.number = number?.text
        self.framing = framing
    }

    /// The words of a style; a number is named if and only if it can be read.
    ///
    /// - Parameters:
    ///   - style: How it is said.
    ///   - generator: Decides among the ways to say it, of every style the same number of times.
    /// - Returns: One way to say it.
    func text(_ style: CaptionStyle, _ generator: inout SeededGenerator) -> String {
        var choice = generator
        let varied = varied(&generator)
        let read = number ?? "no number"
        switch (style, framing) {
        case (.varied, _): return varied
        case (_, .number): return read
        case (.shirt, .player): return kit.shortWords
        case (.short, .player):
            let both = number.map { "\(kit.shortWords), \($0)" } ?? kit.shortWords
            return choice.one(of: [(read, 2), (kit.shortWords, 1), (both, 1)])
        }
    }

    /// One way to say it, as people would.
    private func varied(_ generator: inout SeededGenerator) -> String {
        switch (framing, number) {
        case (.player, let number?): generator.one(of: ways(number))
        case (.player, nil): generator.one(of: waysWithoutNumber)
        case (.number, let number?): generator.one(of: closeUps(number))
        case (.number, nil):
            generator.one(of: [
                "a photo of a shirt without a number", "a shirt whose number cannot be seen",
                "a photo of \(kit.words) without a number",
            ])
        }
    }

    private func ways(_ number: String) -> [(String, Double)] {
        [
            ("a player in \(kit.words) and the number \(number), \(side)", 4),
            ("a player with the number \(number)", 3),
            ("a basketball player with the number \(number)", 1),
            ("a player in a \(kit.shirt.name) shirt with number \(number)", 2),
            ("number \(number), \(side)", 1), (number, 1),
        ]
    }

    private var waysWithoutNumber: [(String, Double)] {
        [
            ("a player in \(kit.words), \(side)", 4),
            ("a player in a \(kit.shirt.name) shirt whose number cannot be seen", 2),
            ("a player whose number cannot be seen", 1.5),
            ("a basketball player without a number", 0.5),
        ]
    }

    private func closeUps(_ number: String) -> [(String, Double)] {
        [
            ("a photo of a shirt with the number \(number)", 2),
            ("the number \(number) on a jersey", 2), (number, 2),
            ("the number \(number) on a \(kit.shirt.name) shirt", 1.5),
            ("a player with the number \(number)", 1.5),
            ("a basketball player with the number \(number)", 0.5),
        ]
    }

    private static func side(_ yaw: Double) -> String {
        let angle = abs(TorsoSurface.wrapped(yaw))
        if angle < 0.9 { return "seen from the front" }
        return angle > .pi - 0.9 ? "seen from behind" : "seen from the side"
    }
}
