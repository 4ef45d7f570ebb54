// Sums and products of single vectors, where no matrix product of many is wanted.
//
// SPDX-License-Identifier: MIT

/// The dot product of two vectors of one length.
func dotProduct(_ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>) -> Float
{
    var sums = SIMD8<Float>.zero
    let whole = first.count & ~7
    for start in stride(from: 0, to: whole, by: 8) {
        for lane in 0..<8 { sums[lane] += first[start + lane] * second[start + lane] }
    }
    return (whole..<first.count).reduce(sums.sum()) { $0 + first[$1] * second[$1] }
}

/// The dot product of two vectors of one length.
func dotProduct(_ first: [Float], _ second: [Float]) -> Float {
    first.withUnsafeBufferPointer { first in
        second.withUnsafeBufferPointer { dotProduct(first, $0) }
    }
}

/// Adds a multiple of a vector to sums of the same length.
func addMultiple(_ factor: Float, of values: UnsafeBufferPointer<Float>, to sums: inout [Float]) {
    sums.withUnsafeMutableBufferPointer { sums in
        for place in sums.indices { sums[place] += factor * values[place] }
    }
}

/// Adds a multiple of a vector to sums of the same length.
func addMultiple(_ factor: Float, of values: [Float], to sums: inout [Float]) {
    values.withUnsafeBufferPointer { addMultiple(factor, of: $0, to: &sums) }
}
