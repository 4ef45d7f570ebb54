// What libFuzzer calls: one program for all targets, chosen by the environment.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The target this process feeds, by `REIDENT_FUZZ_TARGET`.
private let target: FuzzTarget? = ProcessInfo.processInfo.environment["REIDENT_FUZZ_TARGET"]
    .flatMap { name in FuzzTarget.all.first { $0.name == name } }

/// Called once, before any input.
///
/// With `REIDENT_FUZZ_SEEDS` it writes the target's seeds into that folder and ends.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> Int32 {
    guard let target else {
        let names = FuzzTarget.all.map(\.name).joined(separator: " ")
        FileHandle.standardError.write(Data("REIDENT_FUZZ_TARGET is one of: \(names)\n".utf8))
        exit(64)
    }
    guard let folder = ProcessInfo.processInfo.environment["REIDENT_FUZZ_SEEDS"] else { return 0 }
    do {
        for (number, seed) in try target.seeds().enumerated() {
            try Data(seed).write(to: URL(filePath: "\(folder)/\(target.name)-\(number)"))
        }
        exit(0)
    } catch {
        FileHandle.standardError.write(Data("no seeds: \(error)\n".utf8))
        exit(70)
    }
}

/// Called with each input; a fault of a reader ends the process, which is what is looked for.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let target else { return -1 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    expectDiagnosis(of: target.name) { try target.read(input) }
    return 0
}

/// libFuzzer's own program, which calls the two functions above.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The entry point, under the name that SwiftPM makes the linker look for.
@_cdecl("FuzzReaders_main")
public func enter(
    _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments, testOneInput)
}
