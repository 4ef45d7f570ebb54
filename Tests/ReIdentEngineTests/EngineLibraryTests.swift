// Where the engine is looked for.
//
// SPDX-License-Identifier: MIT

import Testing

@testable import ReIdentEngine

@Suite("Finding the engine")
struct EngineLibraryTests {
    @Test("REIDENT_ENGINE is the only place if it is set")
    func environmentWins() {
        let found = EngineLibrary.candidates(
            environment: ["REIDENT_ENGINE": "/x/engine.so"], executable: "/a/b/reident",
            workingFolder: "/c")
        #expect(found == ["/x/engine.so"])
    }

    @Test("else beside the executable first, then .deps of the folders above")
    func searchesUpwards() {
        let name = EngineLibrary.fileName
        let found = EngineLibrary.candidates(
            environment: [:], executable: "/a/b/reident", workingFolder: "/c")
        #expect(
            found == [
                "/a/b/\(name)", "/a/b/.deps/engine/\(name)", "/a/.deps/engine/\(name)",
                "/c/.deps/engine/\(name)",
            ])
    }
}
