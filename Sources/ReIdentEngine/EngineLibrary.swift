// Finds the engine's library and opens it on first use, so that nothing that does not compute
// needs LibTorch.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The table of the engine's functions.
// SAFETY: the table is constant memory of a library that is never closed.
struct EngineTable: @unchecked Sendable {
    let functions: UnsafePointer<re_functions>

    /// Turns a status of the engine into an error; the one place that does so.
    func check(_ operation: String, _ status: re_status) throws(EngineError) {
        guard status != RE_OK else { return }
        let message =
            functions.pointee.last_error().map { String(cString: $0) } ?? "no reason given"
        let code: EngineError.Code =
            switch status {
            case RE_MEMORY: .memory
            case RE_DEVICE: .device
            default: .operation
            }
        throw EngineError(code: code, operation: operation, message: message)
    }

    /// Runs an operation that hands out one tensor.
    func tensor(
        _ operation: String,
        _ body: (_ functions: re_functions, _ result: inout OpaquePointer?) -> re_status
    ) throws(EngineError) -> Tensor {
        var result: OpaquePointer?
        try check(operation, body(functions.pointee, &result))
        guard let result else {
            throw EngineError(code: .operation, operation: operation, message: "no result")
        }
        return Tensor(owning: result, of: self)
    }
}

/// Where the engine's library is looked for, and its opening.
enum EngineLibrary {
    #if os(macOS)
        static let fileName = "libreident_engine.dylib"
    #else
        static let fileName = "libreident_engine.so"
    #endif

    /// The engine, opened once a process; every later use gets the same table or the same error.
    static let table: Result<EngineTable, EngineError> = open()

    /// The places in the order in which they are tried.
    ///
    /// `REIDENT_ENGINE` alone if it is set; else beside the executable, then `.deps/engine` in
    /// the executable's folder, the working folder, and every folder above either.
    static func candidates(
        environment: [String: String], executable: String, workingFolder: String
    ) -> [String] {
        if let named = environment["REIDENT_ENGINE"], !named.isEmpty { return [named] }
        let beside = URL(filePath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        var paths = [beside.appending(path: fileName).path]
        for start in [beside, URL(filePath: workingFolder)] {
            var folder = start
            while folder.path != "/" {
                paths.append(folder.appending(path: ".deps/engine/\(fileName)").path)
                folder.deleteLastPathComponent()
            }
        }
        return paths
    }

    private static func open() -> Result<EngineTable, EngineError> {
        let paths = candidates(
            environment: ProcessInfo.processInfo.environment,
            executable: Bundle.main.executablePath ?? CommandLine.arguments.first ?? "",
            workingFolder: FileManager.default.currentDirectoryPath)
        guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            let place = paths.count == 1 ? "at \(paths[0]), which REIDENT_ENGINE names" : "here"
            return missing(
                "The engine (\(fileName)) is not \(place). Run `make setup` in ReIdent's folder, "
                    + "or set REIDENT_ENGINE to the library's path.")
        }
        // OpenMP's threads spin for milliseconds where one waits for another, and take the cores
        // from whoever it waits for: image decoding, other programs. They go to sleep sooner now.
        // Read when the library is loaded; what the user has set stays.
        setenv("GOMP_SPINCOUNT", "10000", 0)
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
            return missing(
                "The engine at \(path) does not load: \(reason). Run `make setup` again.")
        }
        guard let symbol = dlsym(library, "reident_engine_functions") else {
            return missing(
                "\(path) is not ReIdent's engine: it has no reident_engine_functions. "
                    + "Run `make setup`, or correct REIDENT_ENGINE.")
        }
        // A function pointer and an object pointer have one size on every supported system.
        let getter = unsafeBitCast(
            symbol, to: (@convention(c) () -> UnsafePointer<re_functions>).self)
        let functions = getter()
        let expected = (REIDENT_ENGINE_VERSION, MemoryLayout<re_functions>.size)
        let found = (Int32(functions.pointee.version), Int(functions.pointee.size))
        guard found == expected else {
            return missing(
                "The engine at \(path) is of version \(found.0), this program needs version "
                    + "\(expected.0). Run `make setup` again.")
        }
        let table = EngineTable(functions: functions)
        let threads = Int32(Engine.defaultThreadCount)
        do {
            try table.check("set_threads", functions.pointee.set_threads(threads))
        } catch {
            return .failure(error)
        }
        return .success(table)
    }

    private static func missing(_ message: String) -> Result<EngineTable, EngineError> {
        .failure(EngineError(code: .missing, operation: "", message: message))
    }
}
