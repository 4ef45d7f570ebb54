// Reads data sets of one folder a player, and draws the players that become the test part.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Reads one folder a player; the folder's name is the player's identity.
enum FolderPerPlayerReader {
    static func read(into draft: inout DatasetDraft, options: Dataset.Options) {
        var loose: [String] = []
        var byPlayer: [(identity: String, paths: [String])] = []
        for path in draft.files.images {  // sorted, so that a player's images are neighbours
            guard let folder = DatasetFiles.firstFolder(of: path) else {
                loose.append(path)
                continue
            }
            let identity = String(folder.dropLast())
            if byPlayer.last?.identity == identity {
                byPlayer[byPlayer.count - 1].paths.append(path)
            } else {
                byPlayer.append((identity, [path]))
            }
        }
        // A player with one image can be neither found nor paired, so it is of no use to a test.
        let usable = byPlayer.indices.filter { byPlayer[$0].paths.count > 1 }
        var generator = SeededGenerator(seed: options.seed)
        let count = testCount(share: options.testShare, of: usable.count)
        let drawn = Set(generator.shuffled(usable).prefix(count))
        for (index, player) in byPlayer.enumerated() {
            for path in player.paths {
                draft.images.append(
                    PlayerImage(
                        path: path, source: draft.files.source(of: path),
                        identity: player.identity, split: drawn.contains(index) ? .test : .train))
            }
        }
        draft.assignRoles(in: .test)
        if count > 0 {
            draft.notes.append(
                "\(count) of \(byPlayer.count) players were drawn for the test part by seed "
                    + "\(options.seed); the first image of each is its query.")
        }
        let single = byPlayer.filter { $0.paths.count == 1 }.map(\.identity)
        if !single.isEmpty {
            draft.notes.append(
                "\(single.count) players have one image only (\(someNames(single))); they are in "
                    + "the training part and cannot form a pair.")
        }
        draft.skip(loose, "not in a player's folder")
    }

    /// How many players become the test part: the share, but neither none nor all of them unless
    /// that is what the share says.
    private static func testCount(share: Double, of players: Int) -> Int {
        let nearest = Int((share * Double(players)).rounded())
        if share == 0 || share == 1 || players < 2 { return share == 1 ? players : 0 }
        return max(1, min(players - 1, nearest))
    }
}
