// Arithmetic and shapes of tensors. Every operation records itself for gradients where one of
// its inputs wants them.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

extension Tensor {
    // MARK: Shapes

    /// The same elements under another shape; one extent may be -1.
    ///
    /// - Throws: `EngineError` if the elements do not fill the shape.
    public func reshaped(_ shape: [Int]) throws(EngineError) -> Tensor {
        let extents = shape.map(Int64.init)
        return try engine.tensor("reshape") {
            $0.reshape(handle, extents, Int32(extents.count), &$1)
        }
    }

    /// The dimensions in another order.
    ///
    /// - Throws: `EngineError` if `order` is no permutation of the dimensions.
    public func permuted(_ order: [Int]) throws(EngineError) -> Tensor {
        let dimensions = order.map(Int64.init)
        return try engine.tensor("permute") {
            $0.permute(handle, dimensions, Int32(dimensions.count), &$1)
        }
    }

    /// A matrix with rows and columns exchanged.
    ///
    /// - Throws: `EngineError` unless there are two dimensions.
    public func transposed() throws(EngineError) -> Tensor { try permuted([1, 0]) }

    /// Part of one dimension.
    ///
    /// - Throws: `EngineError` if the range is not within it.
    public func narrowed(dimension: Int, to range: Range<Int>) throws(EngineError) -> Tensor {
        try engine.tensor("narrow") {
            $0.narrow(handle, Int64(dimension), Int64(range.lowerBound), Int64(range.count), &$1)
        }
    }

    /// Tensors one behind the other along a dimension.
    ///
    /// - Throws: `EngineError` if another extent differs.
    public static func concatenated(
        _ tensors: [Tensor], dimension: Int
    ) throws(EngineError) -> Tensor {
        precondition(!tensors.isEmpty, "nothing to concatenate")
        let handles = tensors.map { Optional($0.handle) }
        return try tensors[0].engine.tensor("concatenate") {
            $0.concatenate(handles, Int32(handles.count), Int64(dimension), &$1)
        }
    }

    /// Repeats dimensions of extent 1 without copying.
    ///
    /// - Throws: `EngineError` if another extent would change.
    public func expanded(_ shape: [Int]) throws(EngineError) -> Tensor {
        let extents = shape.map(Int64.init)
        return try engine.tensor("expand") {
            $0.expand(handle, extents, Int32(extents.count), &$1)
        }
    }

    /// The elements of one dimension in reverse order.
    ///
    /// - Throws: `EngineError` if there is no such dimension.
    public func flipped(dimension: Int) throws(EngineError) -> Tensor {
        try engine.tensor("flip") { $0.flip(handle, Int64(dimension), &$1) }
    }

    // MARK: Arithmetic

    /// The sum of each pair of elements; extents of 1 are repeated.
    ///
    /// - Throws: `EngineError` if the shapes do not go together.
    public func adding(_ other: Tensor) throws(EngineError) -> Tensor {
        try engine.tensor("add") { $0.add(handle, other.handle, &$1) }
    }

    /// The product of each pair of elements; extents of 1 are repeated.
    ///
    /// - Throws: `EngineError` if the shapes do not go together.
    public func multiplied(by other: Tensor) throws(EngineError) -> Tensor {
        try engine.tensor("multiply") { $0.multiply(handle, other.handle, &$1) }
    }

    /// Every element times a number.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func scaled(by factor: Double) throws(EngineError) -> Tensor {
        try engine.tensor("scale") { $0.scale(handle, factor, &$1) }
    }

    /// e to the power of every element.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func exponential() throws(EngineError) -> Tensor {
        try engine.tensor("exponential") { $0.exponential(handle, &$1) }
    }

    /// The sum of all elements, a tensor without dimensions.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func sum() throws(EngineError) -> Tensor {
        try engine.tensor("sum") { $0.sum(handle, &$1) }
    }

    /// Matrix product, `[…, M, K] × […, K, N] → […, M, N]`.
    ///
    /// - Throws: `EngineError` if the shapes do not go together.
    public func matmul(_ other: Tensor) throws(EngineError) -> Tensor {
        try engine.tensor("matmul") { $0.matmul(handle, other.handle, &$1) }
    }

    /// Vectors of the last dimension scaled to unit length.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func l2Normalized() throws(EngineError) -> Tensor {
        try engine.tensor("l2_normalize") { $0.l2_normalize(handle, &$1) }
    }

    /// The largest elements of the last dimension and where they stand, largest first.
    ///
    /// - Throws: `EngineError` if the dimension is shorter than `count`.
    public func topK(_ count: Int) throws(EngineError) -> (values: Tensor, indices: Tensor) {
        var values: OpaquePointer?
        var indices: OpaquePointer?
        try engine.check(
            "top_k", engine.functions.pointee.top_k(handle, Int64(count), &values, &indices))
        guard let values, let indices else {
            throw EngineError(code: .operation, operation: "top_k", message: "no result")
        }
        return (Tensor(owning: values, of: engine), Tensor(owning: indices, of: engine))
    }
}
