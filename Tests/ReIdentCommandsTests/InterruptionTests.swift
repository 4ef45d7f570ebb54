// Ctrl-C in the middle of work.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Interruption", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct InterruptionTests {
    @Test(
        "ends embedding with exit code 130, and nothing is half-written",
        arguments: [SIGINT, SIGTERM])
    func embed(signal: Int32) throws {
        let place = try Workplace()
        let model = try place.model()
        try place.image("original.png", seed: 1, width: 300, height: 600)
        try FileManager.default.createDirectory(
            atPath: place.file("images"), withIntermediateDirectories: true)
        for index in 0..<20_000 {
            try FileManager.default.createSymbolicLink(
                atPath: place.file("images/\(index).png"),
                withDestinationPath: place.file("original.png"))
        }
        let before = try place.names()
        let errors = try TemporaryFolder()
        let run = try BuiltProgram.run(
            [
                // The override makes the program say something just before it begins.
                "embed", place.file("images"), "--model", model, "--out",
                place.file("o.safetensors"), "--preprocess", "stretch",
            ], errorsPath: errors.file("errors")
        ) { process in
            while process.isRunning,
                try String(contentsOfFile: errors.file("errors"), encoding: .utf8).isEmpty
            { usleep(20_000) }
            usleep(300_000)
            kill(process.processIdentifier, signal)
        }
        #expect(run.status == 130, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("reident: Interrupted; nothing was written."))
        #expect(try place.names() == before)
    }
}
