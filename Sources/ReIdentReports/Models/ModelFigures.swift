// Everything that a report shows of one model on one data set.
//
// SPDX-License-Identifier: MIT

public import ReIdent
import ReIdentData
import ReIdentFiles
public import ReIdentMetrics

/// A model's figures on an evaluation.
public struct ModelFigures: Sendable {
    /// Worsened images and what is left of the figures.
    public struct Worsened: Sendable {
        /// How the images were worsened: blur in pixels of a crop 128 tall, or rows.
        public let value: Double
        /// Mean average precision then, 0...1.
        public let meanAveragePrecision: Double

        /// A point of a curve.
        public init(value: Double, meanAveragePrecision: Double) {
            (self.value, self.meanAveragePrecision) = (value, meanAveragePrecision)
        }
    }

    /// What the model is called: its path.
    public let name: String
    /// Embedded queries and gallery.
    public let embedded: EmbeddedRetrieval
    /// Means and intervals.
    public let scores: RetrievalScores
    /// CMC and precision at recalls.
    public let curves: RankingCurves
    /// Similarities of all pairs; nil where no two crops show one player.
    public let pairs: PairSimilarities?
    /// What the package's calibration says.
    public let decisions: DecisionCalibration?
    /// Figures by the quality of queries.
    public let quality: QueryQuality
    /// mAP of blurred images, by blur; empty where that was not measured.
    public var blurred: [Worsened] = []
    /// mAP of images with few rows, by rows; empty where that was not measured.
    public var small: [Worsened] = []
    /// What made these figures, for whoever wants to repeat them.
    public let settings: [(name: String, value: String)]

    /// Computes the figures.
    ///
    /// - Parameters:
    ///   - name: What the model is called.
    ///   - embedded: Queries and gallery, embedded.
    ///   - decisions: What the package's calibration says, where it has one.
    ///   - settings: What made these figures.
    /// - Throws: `MetricsError`, `ReIdentError.unlabelled`.
    public init(
        name: String, embedded: EmbeddedRetrieval, decisions: DecisionCalibration?,
        settings: [(name: String, value: String)]
    ) throws {
        self.name = name
        self.embedded = embedded
        self.decisions = decisions
        self.settings = settings
        scores = try embedded.scores()
        curves = try embedded.curves(scores)
        quality = embedded.queryQuality(scores)
        pairs = try Self.pairs(of: embedded)
    }

    /// Similarities of all pairs; nil where there are none of one kind.
    private static func pairs(of embedded: EmbeddedRetrieval) throws -> PairSimilarities? {
        let crops = embedded.distinctCrops()
        let hasCameras = crops.images.contains { $0.camera != nil }
        let matrix = try crops.embeddings.matrix()
        do {
            return try PairSimilarities(
                matrix, identities: crops.images.map(\.identity),
                cameras: hasCameras ? crops.images.map(\.camera) : nil)
        } catch {
            guard case .tooFewPairs = error else { throw error }
            return nil
        }
    }

    /// The pairs' error rates; nil without pairs.
    public var verification: VerificationCurve? { pairs.map(VerificationCurve.init) }

    /// mAP by the camera of the queries, in the order of their names; empty without cameras.
    var byCamera: [(camera: String, queries: Int, meanAveragePrecision: Double)] {
        var sums: [String: (count: Int, sum: Double)] = [:]
        for (image, score) in zip(embedded.retrieval.queries, scores.queries) {
            guard let camera = image.camera, let score else { continue }
            sums[camera, default: (0, 0)].count += 1
            sums[camera, default: (0, 0)].sum += score.averagePrecision
        }
        func isBefore(_ first: String, _ second: String) -> Bool {
            if let one = Int(first), let other = Int(second) { return one < other }
            return first < second
        }
        return sums.sorted { isBefore($0.key, $1.key) }.map { camera, group in
            (camera, group.count, group.sum / Double(group.count))
        }
    }
}

extension EmbeddedRetrieval {
    /// Images of known players with their embeddings, each image once.
    func distinctCrops() -> (images: [PlayerImage], embeddings: Embeddings) {
        var known: Set<String> = []
        var images: [PlayerImage] = []
        var result = Embeddings(dimension: gallery.dimension)
        for (list, vectors) in [(retrieval.queries, queries), (retrieval.gallery, gallery)] {
            for (row, image) in list.enumerated()
            where !image.isDistractor && known.insert(image.source.description).inserted {
                images.append(image)
                result.append(Array(vectors[row]), paths: [image.path])
            }
        }
        return (images, result)
    }
}
