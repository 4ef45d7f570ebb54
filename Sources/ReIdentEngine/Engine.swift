// What can be said of the engine as a whole: whether it is here, its versions, threads, devices.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine
import Foundation

/// The engine: LibTorch behind a C boundary, opened on first use.
public enum Engine {
    /// Threads the engine computes with: `REIDENT_THREADS`, or one a core.
    ///
    /// They are set once, when the library is opened.
    public static var defaultThreadCount: Int {
        let wished = ProcessInfo.processInfo.environment["REIDENT_THREADS"].flatMap(Int.init)
        return max(1, min(1024, wished ?? ProcessInfo.processInfo.activeProcessorCount))
    }

    /// Whether the engine can be used here.
    public static var isAvailable: Bool {
        if case .success = EngineLibrary.table { return true }
        return false
    }

    /// Opens the engine if it is not open yet.
    ///
    /// - Throws: `EngineError` with code `missing` and what to do about it.
    public static func load() throws(EngineError) {
        _ = try EngineLibrary.table.get()
    }

    /// LibTorch's version, for example `2.13.0`.
    ///
    /// - Throws: `EngineError` if the engine is missing.
    public static func libTorchVersion() throws(EngineError) -> String {
        try text { $0.libtorch_version() }
    }

    /// The processor's instructions that LibTorch uses, for example `AVX512`.
    ///
    /// - Throws: `EngineError` if the engine is missing.
    public static func processorCapability() throws(EngineError) -> String {
        try text { $0.processor_capability() }
    }

    /// How many tensors are alive: a count that must return to where it was.
    ///
    /// - Throws: `EngineError` if the engine is missing.
    public static func liveTensorCount() throws(EngineError) -> Int {
        Int(try EngineLibrary.table.get().functions.pointee.live_tensors())
    }

    /// Waits until a device has done all that was asked of it; nothing to wait for on the CPU.
    ///
    /// - Throws: `EngineError` if the device failed.
    public static func synchronize(_ device: Device) throws(EngineError) {
        let table = try EngineLibrary.table.get()
        try table.check(
            "synchronize",
            table.functions.pointee.synchronize(device.kind.code, Int32(device.index)))
    }

    private static func text(
        _ ask: (re_functions) -> UnsafePointer<CChar>?
    ) throws(EngineError) -> String {
        ask(try EngineLibrary.table.get().functions.pointee).map { String(cString: $0) } ?? ""
    }
}
