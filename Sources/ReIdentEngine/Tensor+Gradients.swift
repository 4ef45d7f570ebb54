// Gradients: which tensors want them, the backward pass, scopes without, and checkpointing.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

extension Tensor {
    /// Makes this tensor a parameter that gradients are computed for, or not.
    ///
    /// - Throws: `EngineError` if the tensor was computed or is not of floating point.
    public func setRequiresGradient(_ required: Bool) throws(EngineError) {
        try engine.check(
            "set_requires_gradient",
            engine.functions.pointee.set_requires_gradient(handle, required ? 1 : 0))
    }

    /// Adds the derivatives of this single number to the gradients of all parameters behind it.
    ///
    /// - Throws: `EngineError` unless the tensor has one element and was recorded.
    public func backward() throws(EngineError) {
        try engine.check("backward", engine.functions.pointee.backward(handle))
    }

    /// The gradient gathered so far, or nil.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func gradient() throws(EngineError) -> Tensor? {
        var result: OpaquePointer?
        try engine.check("gradient", engine.functions.pointee.gradient(handle, &result))
        return result.map { Tensor(owning: $0, of: engine) }
    }

    /// Forgets the gradient.
    ///
    /// - Throws: `EngineError` never in practice.
    public func clearGradient() throws(EngineError) {
        try engine.check("clear_gradient", engine.functions.pointee.clear_gradient(handle))
    }
}

/// Runs `body` without recording for gradients, on this thread, and restores what was before.
///
/// - Throws: What `body` throws, and `EngineError` if the engine is missing.
public func withoutGradients<Result>(_ body: () throws -> Result) throws -> Result {
    let functions = try EngineLibrary.table.get().functions
    let before = functions.pointee.gradients_enabled()
    functions.pointee.set_gradients_enabled(0)
    defer { functions.pointee.set_gradients_enabled(before) }
    return try body()
}

/// Runs `body` on `input` without keeping what lies between, and again in the backward pass.
///
/// - Parameters:
///   - input: A recorded tensor; parameters inside `body` get their gradients as usual.
///   - body: Must give the same result each time. It is kept until the graph is freed.
/// - Returns: What `body` returns.
/// - Throws: `EngineError` of the body or the engine.
///
/// Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016.
public func checkpointed(
    _ input: Tensor, _ body: @escaping (Tensor) throws(EngineError) -> Tensor
) throws(EngineError) -> Tensor {
    let box = CheckpointBody(body: body, engine: input.engine)
    return try input.engine.tensor("checkpoint") { functions, result in
        functions.checkpoint(
            { context, input, output in
                guard let context, let input, let output else { return 1 }
                let box = Unmanaged<CheckpointBody>.fromOpaque(context).takeUnretainedValue()
                return box.run(input, output)
            },
            { context in
                guard let context else { return }
                Unmanaged<CheckpointBody>.fromOpaque(context).release()
            },
            Unmanaged.passRetained(box).toOpaque(), input.handle, &result)
    }
}

/// A checkpoint's body, on its way through the C boundary.
private final class CheckpointBody {
    let body: (Tensor) throws(EngineError) -> Tensor
    let engine: EngineTable

    init(body: @escaping (Tensor) throws(EngineError) -> Tensor, engine: EngineTable) {
        self.body = body
        self.engine = engine
    }

    /// Computes the output; the failure's reason is what the engine said last on this thread.
    func run(_ input: OpaquePointer, _ output: UnsafeMutablePointer<OpaquePointer?>) -> Int32 {
        do {
            let result = try body(Tensor(owning: input, of: engine))
            // The engine takes a handle of its own: `result` may be kept by the body.
            let copy = try result.reshaped(result.shape)
            output.pointee = copy.relinquished()
            return 0
        } catch {
            return 1
        }
    }
}
