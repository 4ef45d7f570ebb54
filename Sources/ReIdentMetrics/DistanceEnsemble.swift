// Several models together: the mean of their distances.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// The mean of several distance matrices of one size, computed while it is read.
public struct MeanDistances: Sendable {
    /// What is averaged, at least one, all of one size.
    public let members: [any DistanceRows]

    /// The mean of some distances.
    ///
    /// - Parameter members: At least one.
    /// - Throws: `MetricsError.ensembleMismatch` for another size than the first's, `parameter`
    ///   when there is none.
    public init(_ members: [any DistanceRows]) throws(MetricsError) {
        guard let first = members.first else {
            throw .parameter(name: "the number of distance matrices", found: "0", expected: "1 up")
        }
        for (position, member) in members.enumerated() {
            let sizes = [
                (first.queryCount, first.galleryCount), (member.queryCount, member.galleryCount),
            ]
            guard sizes[0] == sizes[1] else {
                throw .ensembleMismatch(
                    position: position,
                    problem: "it has \(sizes[1].0) queries and \(sizes[1].1) gallery images, the "
                        + "first \(sizes[0].0) and \(sizes[0].1)")
            }
        }
        self.members = members
    }
}

extension MeanDistances: DistanceRows {
    public var queryCount: Int { members.first?.queryCount ?? 0 }
    public var galleryCount: Int { members.first?.galleryCount ?? 0 }
    public var rowsPerBlock: Int { members.map(\.rowsPerBlock).min() ?? 1 }

    public func withRows<Result>(
        _ rows: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        let sum = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows.count * galleryCount)
        defer { sum.deallocate() }
        sum.initialize(repeating: 0)
        for member in members {
            try member.withRows(rows) { (block) throws(MetricsError) in
                for index in block.indices { sum[index] += block[index] }
            }
        }
        let share = Float(members.count)
        for index in sum.indices { sum[index] /= share }
        return try body(UnsafeBufferPointer(sum))
    }
}

extension LabelledDistances {
    /// The mean of the distances of several models on the same images.
    ///
    /// - Parameter members: At least one, each with the same identities in the same order.
    /// - Returns: The first's labels with the mean distances; without distances among queries and
    ///   among gallery images, since each model is re-ranked before the mean.
    /// - Throws: `MetricsError.ensembleMismatch` naming the first difference.
    public static func mean(
        of members: [LabelledDistances]
    ) throws(MetricsError) -> LabelledDistances {
        let mean = try MeanDistances(members.map(\.distances))
        var result = members[0]
        for (position, member) in members.enumerated() {
            if let place = firstDifference(member.queryIdentities, result.queryIdentities) {
                throw .ensembleMismatch(
                    position: position, problem: "query \(place + 1) is of another player")
            }
            if let place = firstDifference(member.galleryIdentities, result.galleryIdentities) {
                throw .ensembleMismatch(
                    position: position,
                    problem: "gallery image \(place + 1) is of another player")
            }
        }
        result.distances = mean
        result.queryDistances = nil
        result.galleryDistances = nil
        return result
    }
}

/// The first place at which two lists differ, their lengths included.
private func firstDifference<Element: Equatable>(_ first: [Element], _ second: [Element]) -> Int? {
    if let place = zip(first, second).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        return place
    }
    return first.count == second.count ? nil : min(first.count, second.count)
}
