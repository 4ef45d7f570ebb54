// What can be said of new footage before anybody has said who is on it: how good the crops are, how
// many are copies, and whether a model parts them into players.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages
import ReIdentMetrics

/// A look at crops that nobody has labelled.
public struct PilotStudy: Sendable {
    /// How alike crops are, and into which groups they fall.
    public struct Groups: Sendable, Equatable {
        /// The rows that were grouped: at most `SimilarityClusters.mostRows`, spread evenly.
        public let rows: [Int]
        /// For each of those, its group, from 0 for the largest.
        public let labels: [Int]
        /// For each of those, how much nearer its own group is than the next: -1...1.
        public let silhouettes: [Double]
        /// Groups whose crops are on average at least so similar were taken for one.
        public let similarity: Float
        /// Whether that is the package's own threshold; otherwise it is where groups part best.
        public let isCalibrated: Bool

        /// How many groups there are.
        public var count: Int { (labels.max() ?? -1) + 1 }
        /// Mean of the silhouettes: above 0.5 groups are clear, below 0.25 there are hardly any.
        public var separation: Double {
            silhouettes.isEmpty ? 0 : silhouettes.reduce(0, +) / Double(silhouettes.count)
        }
    }

    /// The crops that could be read.
    public let embeddings: Embeddings
    /// What their pictures are like, one a row.
    public let qualities: [ImageQuality]
    /// Rows of crops that show another player, too, as far as the model can tell.
    public let shared: Set<Int>
    /// Rows of near-duplicates, each group in order; the largest first.
    public let duplicates: [[Int]]
    /// The groups of crops that are not copies of another; nil of fewer than three.
    public let groups: Groups?

    /// Studies crops.
    ///
    /// - Parameters:
    ///   - embeddings: The crops' vectors.
    ///   - pictures: What was seen of each crop's picture; count N.
    ///   - secondPlayers: How probable it is that each crop shows another player, too; nil where
    ///     the package has not learned to tell.
    ///   - threshold: The package's similarity from which on crops show one player, where it is
    ///     calibrated.
    /// - Throws: `MetricsError` if the task was cancelled.
    public init(
        embeddings: Embeddings, pictures: [Picture], secondPlayers: [Double]? = nil,
        threshold: Double?
    ) throws {
        precondition(pictures.count == embeddings.count, "crops and pictures differ in number")
        self.embeddings = embeddings
        qualities = pictures.map(\.quality)
        shared = Set(
            (secondPlayers ?? []).enumerated()
                .filter { $0.element > PlayerEncoder.surelySecondPlayer }.map(\.offset))
        duplicates = PictureFingerprint.nearDuplicates(among: pictures.map(\.fingerprint))
        try Task.checkCancellation()
        var isCopy = [Bool](repeating: false, count: pictures.count)
        for group in duplicates {
            for row in group.dropFirst() { isCopy[row] = true }
        }
        let single = pictures.indices.filter { !isCopy[$0] }
        let count = min(single.count, SimilarityClusters.mostRows)
        let rows = (0..<count).map { single[$0 * single.count / count] }
        groups = try Self.groups(of: rows, embeddings, threshold: threshold)
    }

    private static func groups(
        of rows: [Int], _ embeddings: Embeddings, threshold: Double?
    ) throws -> Groups? {
        guard rows.count > 2 else { return nil }
        let clusters = try SimilarityClusters(embeddings.selecting(rows).matrix())
        if let threshold {
            let labels = clusters.labels(from: Float(threshold))
            return Groups(
                rows: rows, labels: bySize(labels), silhouettes: clusters.silhouettes(labels),
                similarity: Float(threshold), isCalibrated: true)
        }
        return try clusters.bestCut().map {
            Groups(
                rows: rows, labels: bySize($0.labels), silhouettes: $0.silhouettes,
                similarity: $0.similarity, isCalibrated: false)
        }
    }

    /// The same groups with the largest first; of equal ones that which comes first.
    private static func bySize(_ labels: [Int]) -> [Int] {
        var sizes: [Int: Int] = [:]
        for label in labels { sizes[label, default: 0] += 1 }
        let order = sizes.sorted {
            $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value
        }
        let places = Dictionary(
            uniqueKeysWithValues: order.enumerated().map { ($1.key, $0) })
        return labels.map { places[$0] ?? 0 }
    }
}

extension PilotStudy {
    /// What is seen of a crop without any model.
    public struct Picture: Sendable, Equatable {
        /// How good it is.
        public let quality: ImageQuality
        /// By which copies are found.
        public let fingerprint: PictureFingerprint

        /// Looks at a picture.
        public init(_ image: Image) {
            quality = ImageQuality(image)
            fingerprint = PictureFingerprint(image)
        }
    }

    /// How many crops are a copy of another.
    public var copies: Int { duplicates.reduce(0) { $0 + $1.count - 1 } }

    /// All that is wrong with a crop.
    public func remarks(of row: Int) -> [ImageQuality.Remark] {
        qualities[row].remarks + (shared.contains(row) ? [.shared] : [])
    }

    /// Rows of crops with something wrong, by what it is, most frequent first.
    public var remarks: [(remark: ImageQuality.Remark, rows: [Int])] {
        ImageQuality.Remark.allCases.map { remark in
            (remark, qualities.indices.filter { remarks(of: $0).contains(remark) })
        }.filter { !$0.rows.isEmpty }.sorted { $0.rows.count > $1.rows.count }
    }
}
