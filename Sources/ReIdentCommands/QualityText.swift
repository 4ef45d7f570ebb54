// What a person reads of the quality of queries.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent

/// The quality of queries in lines.
struct QualityText {
    private let quality: QueryQuality

    init(_ quality: QueryQuality) { self.quality = quality }

    /// A table, or nothing where there are too few queries for one.
    var text: String {
        var lines = ["queries                     number    mAP, %"]
        for bin in quality.bins {
            let range = bin.range.map { bounds in
                bin.name == "height"
                    ? "\(Int(bounds[0])) to \(Int(bounds[1])) rows"
                    : String(format: "blur %.2f to %.2f", bounds[0], bounds[1])
            }
            lines.append(Self.line(range ?? bin.name, bin))
        }
        for remark in quality.remarks { lines.append(Self.line(remark.name, remark)) }
        if !quality.remarks.isEmpty, let good = quality.good {
            lines.append(Self.line("nothing wrong", good))
        }
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ group: QueryQuality.Group) -> String {
        let space = String(repeating: " ", count: max(1, 28 - name.count))
        let number = "\(group.queries)"
        let gap = String(repeating: " ", count: max(0, 6 - number.count))
        let precision = String(format: "%10.1f", 100 * group.meanAveragePrecision)
        return name + space + gap + number + precision
    }
}
