// A table of what a data set holds, for a terminal.
//
// SPDX-License-Identifier: MIT

extension Dataset {
    /// Identities, images, cameras and roles of every part, and what was skipped and why, as lines.
    public var summary: String {
        var lines = ["\(root): \(format.label)"]
        lines += Self.aligned(
            [["part", "players", "images", "cameras", "queries", "gallery", "distractors"]]
                + Split.allCases.compactMap(row))
        for group in skipped {
            let more = group.count > group.examples.count ? ", ..." : ""
            lines.append(
                "skipped: \(group.count) \(group.reason) "
                    + "(\(group.examples.joined(separator: ", "))\(more))")
        }
        lines += notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }

    private func row(of split: Split) -> [String]? {
        let part = images(in: split)
        guard !part.isEmpty else { return nil }
        let isLabelled = part.allSatisfy(\.isLabelled)
        let players = Set(part.lazy.filter { !$0.isDistractor }.map(\.identity)).count
        let cameras = Set(part.compactMap(\.camera)).count
        func count(_ matches: (PlayerImage) -> Bool) -> String {
            let count = part.lazy.filter(matches).count
            return count == 0 ? "-" : String(count)
        }
        return [
            split.rawValue, isLabelled ? String(players) : "unknown", String(part.count),
            cameras == 0 ? "-" : String(cameras), count { $0.role == .query },
            count { $0.role == .gallery && !$0.isDistractor }, count(\.isDistractor),
        ]
    }

    /// Lines of a table: the first column to the left, the others to the right.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? "  " + text + space : space + text
            }.joined(separator: "  ")
        }
    }
}
