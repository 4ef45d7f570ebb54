// Which embeddings belong together, without knowing whose they are.
//
// SPDX-License-Identifier: MIT

/// Average-linkage clustering of unit embeddings, and how well the clusters are parted.
///
/// Chains of nearest neighbours (Murtagh, A survey of recent advances in hierarchical clustering
/// algorithms, 1983); silhouettes after Rousseeuw, 1987.
public struct SimilarityClusters: Sendable {
    /// The most embeddings that are clustered: time and memory grow with their square.
    public static let mostRows = 3000

    /// Two clusters that became one.
    struct Merge: Sendable, Equatable {
        /// A row of either.
        let first: Int
        let second: Int
        /// Mean cosine similarity of their pairs.
        let similarity: Float
    }

    /// Number N of embeddings.
    public let count: Int
    /// All merges, the most similar first: N - 1.
    let merges: [Merge]
    /// Cosine similarities, `[N, N]`.
    private let similarities: [Float]

    /// Clusters embeddings.
    ///
    /// - Parameter embeddings: `[N, D]`, unit length, at most `mostRows`.
    /// - Throws: `MetricsError`: `parameter` for too many rows, `cancelled`.
    /// - Complexity: O(N² · D).
    public init(_ embeddings: EmbeddingMatrix) throws(MetricsError) {
        count = embeddings.count
        guard count <= Self.mostRows else {
            throw .parameter(
                name: "The number of crops to be clustered", found: "\(count)",
                expected: "at most \(Self.mostRows)")
        }
        similarities = try Self.similarities(of: embeddings)
        merges = try Self.merges(similarities, count: count)
    }

    /// For each row the number of its cluster, from 0 in the order of first rows, where clusters
    /// whose pairs are on average at least so similar are one.
    public func labels(from similarity: Float) -> [Int] {
        labels(merging: merges.prefix { $0.similarity >= similarity })
    }

    /// For each row, how much nearer its own cluster is than the next: -1...1, 0 for a row alone.
    ///
    /// - Parameter labels: A cluster a row, from 0 without gaps.
    /// - Returns: N silhouettes of cosine distances.
    public func silhouettes(_ labels: [Int]) -> [Double] {
        precondition(labels.count == count, "\(labels.count) labels of \(count) rows")
        let clusters = (labels.max() ?? -1) + 1
        var sizes = [Int](repeating: 0, count: clusters)
        for label in labels { sizes[label] += 1 }
        return (0..<count).map { row in
            var sums = [Double](repeating: 0, count: clusters)
            for column in 0..<count where column != row {
                sums[labels[column]] += 1 - Double(similarities[row * count + column])
            }
            let own = labels[row]
            guard sizes[own] > 1 else { return 0 }
            let inside = sums[own] / Double(sizes[own] - 1)
            var outside = Double.infinity
            for cluster in 0..<clusters where cluster != own {
                outside = min(outside, sums[cluster] / Double(sizes[cluster]))
            }
            guard outside.isFinite else { return 0 }
            let larger = max(inside, outside)
            return larger > 0 ? (outside - inside) / larger : 0
        }
    }

    /// The cut at which clusters are parted best, by the mean of all silhouettes.
    ///
    /// - Returns: The similarity to cut at, with its clusters and silhouettes; nil of fewer than
    ///   three embeddings.
    /// - Throws: `MetricsError.cancelled`.
    public func bestCut() throws(MetricsError) -> (
        similarity: Float, labels: [Int], silhouettes: [Double]
    )? {
        guard count > 2 else { return nil }
        var best: (similarity: Float, labels: [Int], silhouettes: [Double])?
        var most = -Double.infinity
        // From two clusters to one for every two rows, in steps of about a tenth.
        var clusters = 2
        while clusters <= max(2, count / 2) {
            try checkCancellation()
            let part = merges.prefix(count - clusters)
            let labels = labels(merging: part)
            let silhouettes = silhouettes(labels)
            let mean = silhouettes.reduce(0, +) / Double(count)
            if mean > most {
                most = mean
                best = (part.last?.similarity ?? 1, labels, silhouettes)
            }
            clusters = max(clusters + 1, clusters + clusters / 10)
        }
        return best
    }

    // MARK: Clustering

    private func labels(merging merges: ArraySlice<Merge>) -> [Int] {
        var parents = Array(0..<count)
        func root(_ row: Int) -> Int {
            var row = row
            while parents[row] != row {
                parents[row] = parents[parents[row]]
                row = parents[row]
            }
            return row
        }
        for merge in merges {
            let (first, second) = (root(merge.first), root(merge.second))
            parents[max(first, second)] = min(first, second)
        }
        var numbers: [Int: Int] = [:]
        return (0..<count).map { row in
            let root = root(row)
            if let number = numbers[root] { return number }
            numbers[root] = numbers.count
            return numbers.count - 1
        }
    }

    private static func similarities(
        of embeddings: EmbeddingMatrix
    ) throws(MetricsError) -> [Float] {
        let count = embeddings.count
        let distances = try EmbeddingDistances(queries: embeddings, gallery: embeddings)
        var similarities = [Float](repeating: 0, count: count * count)
        for start in stride(from: 0, to: count, by: distances.rowsPerBlock) {
            try checkCancellation()
            try distances.withRows(start..<min(start + distances.rowsPerBlock, count)) { values in
                for (offset, square) in values.enumerated() {
                    similarities[start * count + offset] = 1 - square / 2
                }
            }
        }
        return similarities
    }

    /// Follows nearest neighbours until two are each other's, which then merge.
    private static func merges(
        _ similarities: [Float], count: Int
    ) throws(MetricsError) -> [Merge] {
        var similarities = similarities
        var sizes = [Float](repeating: 1, count: count)
        var live = Array(0..<count)
        var chain: [Int] = []
        var merges: [Merge] = []
        while live.count > 1 {
            if merges.count.isMultiple(of: 64) { try checkCancellation() }
            if chain.isEmpty { chain = [live[0]] }
            let tip = chain[chain.count - 1]
            let before = chain.count > 1 ? chain[chain.count - 2] : -1
            // Of equal neighbours the one before wins, so that the chain ends.
            var nearest = before
            var most = before < 0 ? -Float.infinity : similarities[tip * count + before]
            for other in live where other != tip && similarities[tip * count + other] > most {
                most = similarities[tip * count + other]
                nearest = other
            }
            guard nearest == before else {
                chain.append(nearest)
                continue
            }
            chain.removeLast(2)
            let (kept, gone) = (min(tip, nearest), max(tip, nearest))
            merges.append(Merge(first: kept, second: gone, similarity: most))
            let total = sizes[kept] + sizes[gone]
            live.removeAll { $0 == gone }
            for other in live where other != kept {
                let mean =
                    (sizes[kept] * similarities[kept * count + other]
                        + sizes[gone] * similarities[gone * count + other]) / total
                similarities[kept * count + other] = mean
                similarities[other * count + kept] = mean
            }
            sizes[kept] = total
        }
        // Merges of one cluster come in the order of their similarity; ties keep the order.
        return merges.enumerated().sorted {
            $0.element.similarity == $1.element.similarity
                ? $0.offset < $1.offset : $0.element.similarity > $1.element.similarity
        }.map(\.element)
    }
}
