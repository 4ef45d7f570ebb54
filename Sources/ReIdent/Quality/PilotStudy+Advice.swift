// What to change in filming or cropping, from what a pilot study found.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

extension PilotStudy {
    /// Something worth changing.
    public struct Advice: Sendable, Equatable, Encodable {
        /// What was found.
        public let finding: String
        /// What to do about it.
        public let remedy: String
    }

    /// From this share of crops on, a fault is worth a sentence.
    static let noticeableShare = 0.1

    /// What to change, the most frequent fault first; none where nothing is.
    public var advice: [Advice] {
        guard !qualities.isEmpty else { return [] }
        let total = Double(qualities.count)
        func share(_ count: Int) -> String {
            "\(Int((100 * Double(count) / total).rounded())) %"
        }
        var result = remarks.filter { Double($0.rows.count) >= Self.noticeableShare * total }.map {
            Advice(
                finding: "\(share($0.rows.count)) of crops are \($0.remark.words).",
                remedy: $0.remark.remedy)
        }
        if Double(copies) >= Self.noticeableShare * total {
            result.append(
                Advice(
                    finding: "\(share(copies)) of crops are nearly copies of another.",
                    remedy: "Take every tenth frame or so: copies cost time, and make figures "
                        + "look better than they are."))
        }
        if let groups, groups.separation < 0.25 {
            result.append(
                Advice(
                    finding: "The model hardly parts the crops into groups "
                        + "(silhouette \(Self.hundredths(groups.separation))).",
                    remedy: (result.isEmpty ? "Fine" : "Mend what is said above first, then fine")
                        + "-tune the model on labelled crops of such footage (reident train), "
                        + "and judge it by reident report."))
        }
        return result
    }

    private static func hundredths(_ value: Double) -> String {
        let rounded = Int((100 * value).rounded())
        let digits = "\(abs(rounded) / 100).\(abs(rounded) % 100 < 10 ? "0" : "")"
        return (rounded < 0 ? "-" : "") + digits + "\(abs(rounded) % 100)"
    }
}

extension ImageQuality.Remark {
    /// What a crop is, in a sentence: `crops are ...`.
    public var words: String {
        switch self {
        case .small: "less than \(ImageQuality.fewestRows) pixels high"
        case .blurred: "blurred"
        case .dark: "dark"
        case .bright: "overexposed"
        case .flat: "nearly of one brightness"
        case .bars: "framed by bars of one colour"
        case .cut: "too wide to show a whole player standing"
        case .shared: "showing another player, too"
        }
    }

    /// What to change so that there are fewer of them.
    var remedy: String {
        switch self {
        case .small:
            "Film from nearer or with more pixels, or leave small boxes out "
                + "(reident crop --minimum-height)."
        case .blurred:
            "Use a shorter exposure, check the focus, and take the best frames of a track rather "
                + "than every frame. A video that was scaled up is blurred, too: use the original."
        case .dark:
            "Expose longer or open the aperture; brightening afterwards brings nothing back."
        case .bright: "Expose shorter: where all is white, shirts cannot be told apart."
        case .flat: "Look at these crops: they may show fog, a wall or nothing at all."
        case .bars:
            "Crop from the frame itself, without padding; boxes that reach beyond the frame are "
                + "cut by reident crop."
        case .cut:
            "Look at the boxes: they may hold two players, or a part of one. A margin helps where "
                + "they are too tight (reident crop --margin)."
        case .shared:
            "A match may be of the wrong one of the two: take frames where players stand apart, "
                + "or narrower boxes, and do not decide by such crops."
        }
    }
}
