// Limits of numbers on the command line.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// Refuses a number out of range.
func requireRange(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError(
            "\(option) is \(value); it must be \(range.lowerBound) to \(range.upperBound).")
    }
}
