// Reads Market-1501 and data sets in its form.
// Source: Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015, readme.txt.
//
// SPDX-License-Identifier: MIT

/// Reads `bounding_box_train/`, `query/` and `bounding_box_test/`.
///
/// Names are `<identity>_c<camera>s<sequence>_<frame>_<box>.jpg`. Identity -1 are false boxes of
/// the detector and are left out; 0000 are people that are nobody's match, kept in the gallery.
enum Market1501Reader {
    /// One folder of the layout.
    private struct Part {
        let folder: String
        let split: Split
        let role: Role?
    }

    private static let parts = [
        Part(folder: "bounding_box_train/", split: .train, role: nil),
        Part(folder: "query/", split: .test, role: .query),
        Part(folder: "bounding_box_test/", split: .test, role: .gallery),
    ]

    static func read(into draft: inout DatasetDraft) {
        var outside: [String] = []
        var misnamed: [String] = []
        var falseBoxes: [String] = []
        var distractors: [String] = []
        for part in parts {
            for path in draft.files.images where path.hasPrefix(part.folder) {
                guard let (identity, camera) = label(of: fileStem(path)) else {
                    misnamed.append(path)
                    continue
                }
                let number = Int(identity)
                if number == -1 {
                    falseBoxes.append(path)
                    continue
                }
                let isDistractor = number == 0
                if isDistractor && part.role != .gallery {
                    distractors.append(path)
                    continue
                }
                draft.images.append(
                    PlayerImage(
                        path: path, source: draft.files.source(of: path), identity: identity,
                        camera: camera, split: part.split, role: part.role,
                        isDistractor: isDistractor))
            }
        }
        for path in draft.files.images
        where !parts.contains(where: { path.hasPrefix($0.folder) }) {
            outside.append(path)
        }
        draft.skip(falseBoxes, "with identity -1, false boxes of the detector")
        draft.skip(distractors, "with identity 0000, which is nobody, outside the gallery")
        draft.skip(outside, "outside the folders of Market-1501")
        draft.skip(misnamed, "not named <identity>_c<camera>s<sequence>_<frame>_<box>")
    }

    /// Identity and camera of a name, or nil if it is of another form.
    private static func label(of stem: String) -> (identity: String, camera: String)? {
        let fields = stem.split(separator: "_", omittingEmptySubsequences: false)
        guard fields.count >= 2, let number = Int(fields[0]), number >= -1,
            fields[1].first == "c"
        else { return nil }
        let camera = fields[1].dropFirst().prefix { $0.isASCII && $0.isNumber }
        guard !camera.isEmpty else { return nil }
        return (String(fields[0]), String(camera))
    }
}
