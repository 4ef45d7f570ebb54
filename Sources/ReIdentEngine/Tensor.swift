// One LibTorch tensor, owned by reference counting, and its way from and to host memory.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

/// One LibTorch tensor.
///
/// Owns its handle and frees it at once when the last reference goes. It stays with whoever runs
/// the engine, so it is not `Sendable`.
public final class Tensor {
    let handle: OpaquePointer
    let engine: EngineTable
    private var ownsHandle = true

    init(owning handle: OpaquePointer, of engine: EngineTable) {
        self.handle = handle
        self.engine = engine
    }

    deinit {
        if ownsHandle { engine.functions.pointee.release(handle) }
    }

    /// The handle, which the caller now has to release; this object is not used afterwards.
    func relinquished() -> OpaquePointer {
        ownsHandle = false
        return handle
    }

    /// Copies numbers from memory.
    ///
    /// - Parameters:
    ///   - bytes: Row-major elements, as many as the shape says.
    ///   - shape: At most 8 dimensions.
    ///   - dtype: The type of the elements in `bytes` and in the tensor.
    ///   - device: Where the tensor lives.
    /// - Returns: A tensor of its own memory.
    /// - Throws: `EngineError` if the engine is missing or memory is exhausted.
    public static func copying(
        _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, device: Device = .cpu
    ) throws(EngineError) -> Tensor {
        precondition(
            bytes.count == shape.reduce(1, *) * dtype.byteCount, "bytes do not fill the shape")
        let table = try EngineLibrary.table.get()
        let extents = shape.map(Int64.init)
        return try table.tensor("from_data") { functions, result in
            functions.from_data(
                bytes.baseAddress, dtype.code, extents, Int32(extents.count), device.kind.code,
                Int32(device.index), &result)
        }
    }

    /// A tensor of single-precision numbers.
    ///
    /// - Throws: `EngineError` if the engine is missing or memory is exhausted.
    public static func floats(
        _ values: [Float], shape: [Int], device: Device = .cpu
    ) throws(EngineError) -> Tensor {
        let result = values.withUnsafeBytes { bytes in
            Result { () throws(EngineError) in
                try copying(bytes, shape: shape, dtype: .float32, device: device)
            }
        }
        return try result.get()
    }

    /// A tensor of whole numbers.
    ///
    /// - Throws: `EngineError` if the engine is missing or memory is exhausted.
    public static func integers(
        _ values: [Int64], shape: [Int], device: Device = .cpu
    ) throws(EngineError) -> Tensor {
        let result = values.withUnsafeBytes { bytes in
            Result { () throws(EngineError) in
                try copying(bytes, shape: shape, dtype: .int64, device: device)
            }
        }
        return try result.get()
    }

    /// A tensor of zeros with this one's shape, element type and device.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func zerosLike() throws(EngineError) -> Tensor {
        try engine.tensor("zeros_like") { $0.zeros_like(handle, &$1) }
    }

    /// Extents, outermost first.
    public var shape: [Int] { layout.shape }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The type of the elements.
    public var dtype: DType { layout.dtype }

    /// Where the tensor lives.
    public var device: Device { layout.device }

    /// The elements in row-major order, as single-precision numbers.
    ///
    /// - Throws: `EngineError` if the device fails.
    public func floatValues() throws(EngineError) -> [Float] {
        try values(of: .float32)
    }

    /// The elements in row-major order, as whole numbers.
    ///
    /// - Throws: `EngineError` if the device fails.
    public func integerValues() throws(EngineError) -> [Int64] {
        try values(of: .int64)
    }

    /// The single element.
    ///
    /// - Throws: `EngineError` if the device fails.
    public func item() throws(EngineError) -> Float {
        let values = try floatValues()
        precondition(values.count == 1, "item() needs a tensor of one element")
        return values[0]
    }

    /// Copies the elements, converted to `dtype`, into memory.
    ///
    /// - Throws: `EngineError` if the sizes differ or the device fails.
    public func copy(to bytes: UnsafeMutableRawBufferPointer, as dtype: DType) throws(EngineError) {
        try engine.check(
            "copy_out",
            engine.functions.pointee.copy_out(
                handle, dtype.code, bytes.baseAddress, Int64(bytes.count)))
    }

    /// Overwrites the elements with those of a tensor of the same shape; no gradient sees it.
    ///
    /// - Throws: `EngineError` if the shapes differ.
    public func assign(_ source: Tensor) throws(EngineError) {
        try engine.check(
            "copy_into", engine.functions.pointee.copy_into(handle, source.handle))
    }

    /// This tensor with another element type or on another device; itself if neither differs.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func converted(
        to dtype: DType? = nil, device: Device? = nil
    ) throws(EngineError) -> Tensor {
        let (found, target) = (self.dtype, device ?? self.device)
        guard (dtype ?? found) != found || target != self.device else { return self }
        return try engine.tensor("to") { functions, result in
            functions.to(
                handle, (dtype ?? found).code, target.kind.code, Int32(target.index), &result)
        }
    }

    private var layout: (shape: [Int], dtype: DType, device: Device) {
        var found = re_description()
        let status = engine.functions.pointee.describe(handle, &found)
        precondition(status == RE_OK, "a tensor that cannot describe itself")
        let shape = withUnsafeBytes(of: found.shape) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(found.rank)).map(Int.init)
        }
        let kind = Device.Kind.allCases.first { $0.code == found.device } ?? .cpu
        let device = Device(kind: kind, index: Int(found.device_index))
        return (shape, DType(code: found.dtype) ?? .float32, device)
    }

    private func values<Element: Numeric>(of dtype: DType) throws(EngineError) -> [Element] {
        var values = [Element](repeating: 0, count: count)
        let result = values.withUnsafeMutableBytes { bytes in
            Result { () throws(EngineError) in try copy(to: bytes, as: dtype) }
        }
        try result.get()
        return values
    }
}
