// Maps side by side: yardsticks that know nothing of a model, rank correlation, and how much of a
// map lies on something.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
public import ReIdentImages

extension SaliencyMap {
    /// A map that says nothing: every cell at random.
    ///
    /// - Parameters:
    ///   - side: Rows and columns of cells.
    ///   - seed: Decides the values.
    /// - Returns: Values from 0 to 1, evenly spread.
    public static func random(side: Int, seed: UInt64) -> SaliencyMap {
        var generator = SeededGenerator(seed: seed, stream: 0x4A3D)
        return SaliencyMap(
            rows: side, columns: side,
            values: (0..<side * side).map { _ in Float(generator.uniform()) })
    }

    /// A map that says that the middle of a crop counts: boxes of the crop's shape, one in another.
    ///
    /// - Parameters:
    ///   - side: Rows and columns of cells.
    ///   - image: The crop in the encoder's square.
    /// - Returns: 1 in the crop's middle, 0 at its edge and on padding.
    public static func centre(side: Int, of image: PreparedImage) -> SaliencyMap {
        let (content, cell) = (image.content, Double(image.side) / Double(side))
        func distance(_ cellPlace: Int, _ start: Int, _ length: Int) -> Double {
            let middle = Double(start) + Double(length) / 2
            return abs((Double(cellPlace) + 0.5) * cell - middle) / (Double(length) / 2)
        }
        let values = (0..<side * side).map { place -> Float in
            let across = distance(place % side, content.left, content.width)
            let down = distance(place / side, content.top, content.height)
            return Float(max(0, 1 - max(across, down)))
        }
        return SaliencyMap(rows: side, columns: side, values: values)
    }

    /// Spearman's rank correlation with another map on the cells that show a crop.
    ///
    /// Where both are 0 on one of them they agree; padding, 0 in every map, does not count.
    ///
    /// - Parameters:
    ///   - other: A map of as many rows and columns.
    ///   - image: The crop in the encoder's square.
    /// - Returns: -1...1; nil where there are fewer than three cells or one map is level on them.
    public func rankCorrelation(with other: SaliencyMap, on image: PreparedImage) -> Double? {
        precondition(rows == other.rows && columns == other.columns, "maps of two grids")
        let shown = image.cellsOfContent(side: rows)
        let cells = values.indices.filter { shown[$0] }
        guard cells.count > 2 else { return nil }
        let (first, second) = (
            Self.ranks(cells.map { values[$0] }), Self.ranks(cells.map { other.values[$0] })
        )
        // Ranks that are shared keep the mean.
        let mean = Double(cells.count + 1) / 2
        var (xy, xx, yy) = (0.0, 0.0, 0.0)
        for (x, y) in zip(first, second) {
            xy += (x - mean) * (y - mean)
            xx += (x - mean) * (x - mean)
            yy += (y - mean) * (y - mean)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }

    /// Ranks from 1; equal values share the mean of theirs.
    private static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    /// How the map is spread over parts of a crop.
    ///
    /// - Parameters:
    ///   - parts: For each pixel of the crop, row by row, the number of its part.
    ///   - count: How many parts there are.
    ///   - width: Columns of the crop.
    ///   - image: The crop in the encoder's square.
    /// - Returns: Each part's share of the map's mass, and of the crop's area; mass all 0 where the
    ///   map is.
    public func shares(
        of parts: [Int], count: Int, width: Int, in image: PreparedImage
    ) -> (mass: [Double], area: [Double]) {
        precondition(width > 0 && parts.count.isMultiple(of: width), "parts of another shape")
        let height = parts.count / width
        let (content, side) = (image.content, Double(image.side))
        var mass = [Double](repeating: 0, count: count)
        var area = mass
        for (pixel, part) in parts.enumerated() {
            let x = (Double(pixel % width) + 0.5) / Double(width) * Double(content.width)
            let y = (Double(pixel / width) + 0.5) / Double(height) * Double(content.height)
            mass[part] += Double(
                value(x: (Double(content.left) + x) / side, y: (Double(content.top) + y) / side))
            area[part] += 1
        }
        let (allMass, allArea) = (mass.reduce(0, +), area.reduce(0, +))
        return (mass.map { allMass > 0 ? $0 / allMass : 0 }, area.map { $0 / max(1, allArea) })
    }
}

extension PreparedImage {
    /// For each cell of a grid, row by row, whether any of it shows the image, and not padding
    /// alone.
    func cellsOfContent(side cells: Int) -> [Bool] {
        let cell = side / cells
        return (0..<cells).flatMap { row in
            (0..<cells).map { column in
                let (left, top) = (column * cell, row * cell)
                return left < content.left + content.width && left + cell > content.left
                    && top < content.top + content.height && top + cell > content.top
            }
        }
    }
}
