// `reident search --vote folder`: several crops of one player, decided together.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentFiles
import ReIdentMetrics

/// Which queries show one player.
enum QueryVoting: String, CaseIterable, ExpressibleByArgument {
    /// Each is searched for alone.
    case none
    /// Those of one folder.
    case folder
}

extension SearchCommand {
    /// Searches for the player of each folder and prints what was found.
    ///
    /// - Parameters:
    ///   - embedded: The queries.
    ///   - gallery: What is searched.
    ///   - pathsOfFile: The gallery's names of each file, by the file's own name: a query that lies
    ///     in the gallery is not compared with itself.
    ///   - decisions: What similarities mean; nil where nothing is known.
    /// - Throws: `ReIdentError`, or `CancellationError`.
    func reportTogether(
        _ embedded: EmbeddedImages, in gallery: Gallery, pathsOfFile: [String: [String]],
        _ decisions: DecisionCalibration?
    ) throws {
        let paths = embedded.embeddings.paths
        let rows = Dictionary(grouping: paths.indices) { Self.folder(of: paths[$0]) }
        let results = try rows.sorted { $0.value[0] < $1.value[0] }.map { folder, rows in
            try Task.checkCancellation()
            let own = rows.flatMap { pathsOfFile[InputPath.canonical(paths[$0])] ?? [] }
            let matches = try gallery.players(
                matching: embedded.embeddings.selecting(rows), without: Set(own), count: count)
            return PlayerResult(
                player: folder, crops: rows.count, matches: matches, decisions: decisions)
        }
        try output.print(results, text: results.map(\.text).joined(separator: "\n\n"))
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}

/// What was found for the crops of one player.
private struct PlayerResult: Encodable {
    let player: String
    let crops: Int
    let matches: [PlayerMatch]
    let decisions: DecisionCalibration?

    private enum CodingKeys: String, CodingKey { case player, crops, matches, decision }

    private struct Entry: Encodable {
        let identity: String
        let crops: Int
        let similarity: Float
        let probability: Double?
    }

    private func probability(_ match: PlayerMatch) -> Double? {
        decisions?.probability(ofMean: match.similarity, pairs: crops * match.crops)
    }

    private var decision: DecisionCalibration.Decision? {
        guard let best = matches.first else { return nil }
        return decisions?.decision(onMean: best.similarity, pairs: crops * best.crops)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(player, forKey: .player)
        try container.encode(crops, forKey: .crops)
        try container.encode(
            matches.map {
                Entry(
                    identity: $0.player, crops: $0.crops, similarity: $0.similarity,
                    probability: probability($0))
            }, forKey: .matches)
        if decisions != nil { try container.encode(decision, forKey: .decision) }
    }

    var text: String {
        let said =
            switch decision {
            case nil: ""
            case .same: ": the same player as the first match"
            case .unsure: ": unsure, perhaps the first match"
            case .unknown: ": unknown here"
            }
        let title = "\(player), \(crops) crop\(crops == 1 ? "" : "s")\(said)"
        let lines = matches.enumerated().map { rank, match in
            let probability = probability(match).map { String(format: "%5.1f %%  ", 100 * $0) }
            return "  \(rank + 1)  \(String(format: "%.4f", match.similarity))  "
                + "\(probability ?? "")\(match.player)  (\(match.crops) "
                + "crop\(match.crops == 1 ? "" : "s"))"
        }
        return ([title] + lines).joined(separator: "\n")
    }
}
