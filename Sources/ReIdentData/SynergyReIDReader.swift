// Reads SynergyReID, the basketball crops of the DeepSportradar challenges at MMSports 2022 and
// 2023; both editions have the same layout and differ in the size of the challenge part.
// Source: DeepSportradar/player-reidentification-challenge, README and
// reid/datasets/synergyreid.py.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads `reid_training/`, `reid_test/{query,gallery}/` and `reid_challenge/{query,gallery}/`.
///
/// Names are `<player>_<sequence>_<frame>.jpeg`; in the challenge part also a bare `<id>.jpeg`,
/// whose gallery ids say nothing about who is on the image. As in the organisers' code, queries
/// count as filmed by camera 0 and gallery images by camera 1, so that none is left out.
enum SynergyReIDReader {
    /// One folder of the layout.
    private struct Part {
        let folder: String
        let split: Split
        let role: Role?
    }

    private static let parts = [
        Part(folder: "reid_training/", split: .train, role: nil),
        Part(folder: "reid_test/query/", split: .test, role: .query),
        Part(folder: "reid_test/gallery/", split: .test, role: .gallery),
        Part(folder: "reid_challenge/query/", split: .challenge, role: .query),
        Part(folder: "reid_challenge/gallery/", split: .challenge, role: .gallery),
    ]

    static func read(into draft: inout DatasetDraft) {
        var outside: [String] = []
        var misnamed: [String] = []
        for path in draft.files.images {
            guard let part = parts.first(where: { path.hasPrefix($0.folder) }) else {
                outside.append(path)
                continue
            }
            let fields = fileStem(path).split(separator: "_", omittingEmptySubsequences: false)
            let isBare = fields.count == 1 && part.split == .challenge
            guard let identity = fields.first, !identity.isEmpty, fields.count >= 3 || isBare else {
                misnamed.append(path)
                continue
            }
            draft.images.append(
                PlayerImage(
                    path: path, source: draft.files.source(of: path), identity: String(identity),
                    camera: part.role.map { $0 == .query ? "0" : "1" }, split: part.split,
                    role: part.role, isLabelled: !isBare))
        }
        sortByNumber(&draft.images)
        settleChallenge(&draft)
        draft.skip(outside, "outside the folders of SynergyReID")
        draft.skip(misnamed, "not named <player>_<sequence>_<frame>")
    }

    /// Orders parts and roles as the table above and ids as numbers, which is what submissions
    /// want: names in the challenge part have no leading zeros.
    private static func sortByNumber(_ images: inout [PlayerImage]) {
        func place(_ image: PlayerImage) -> Int {
            parts.firstIndex { $0.split == image.split && $0.role == image.role } ?? parts.count
        }
        let keyed = images.map { ($0, place($0), Int($0.identity) ?? Int.max) }
        images = keyed.sorted { first, second in
            if first.1 != second.1 { return first.1 < second.1 }
            if first.2 != second.2 { return first.2 < second.2 }
            return ImageListing.precedes(first.0.path, second.0.path)
        }.map(\.0)
    }

    /// Decides whether the ids of the challenge part are players.
    ///
    /// They are where every query is found in the gallery and nobody was trained on; otherwise
    /// they are numbers of images.
    private static func settleChallenge(_ draft: inout DatasetDraft) {
        let part = draft.images.filter { $0.split == .challenge }
        guard !part.isEmpty else { return }
        let gallery = Set(part.filter { $0.role == .gallery }.map(\.identity))
        let trained = Set(draft.images.filter { $0.split == .train }.map(\.identity))
        let isLabelled = part.allSatisfy { image in
            image.isLabelled && !trained.contains(image.identity)
                && (image.role == .gallery || gallery.contains(image.identity))
        }
        guard !isLabelled else { return }
        for index in draft.images.indices where draft.images[index].split == .challenge {
            draft.images[index].isLabelled = false
        }
        draft.notes.append(
            "Who is on the images of the challenge part is not published: distances can be written "
                + "for it, scores cannot be computed.")
    }
}
