// Shares as people read them.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Shares written as percents.
public enum Percent {
    /// For example `12.3 %`, or `0.01 %` of a share too small for one digit.
    ///
    /// - Parameter share: 0...1.
    /// - Returns: The share times 100, with its sign.
    public static func text(_ share: Double) -> String {
        String(format: share > 0 && share < 0.0005 ? "%.2f %%" : "%.1f %%", 100 * share)
    }
}
