// The outputs that this process is writing at the moment, so that a process which has to end at
// once leaves nothing half-written behind.
//
// SPDX-License-Identifier: MIT

import Foundation
import Synchronization

/// The hidden files and folders of outputs that are not finished.
public enum UnfinishedOutputs {
    private struct State {
        var paths: Set<String> = []
        /// Threads that are putting a file into an unfinished folder.
        var writers = 0
        var isEnding = false
    }

    private static let state = Mutex(State())
    /// How often, a hundredth of a second apart, removal is tried against what is still writing.
    private static let attempts = 200

    /// Removes them all; for a process that ends right afterwards.
    ///
    /// An output that is being finished meanwhile appears whole or not at all. Whoever wants to
    /// put another file into an unfinished folder waits for the end of the process.
    public static func removeAll() {
        let paths = state.withLock { state in
            state.isEnding = true
            return state.paths
        }
        for attempt in 1...attempts {
            let isQuiet = state.withLock { $0.writers == 0 }
            if isQuiet || attempt == attempts {
                for path in paths { try? FileManager.default.removeItem(atPath: path) }
                if !paths.contains(where: InputPath.exists) { return }
            }
            usleep(10_000)
        }
    }

    /// Does what adds to an unfinished folder, unless the process is about to end.
    static func write<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let mayWrite = state.withLock { state in
            if !state.isEnding { state.writers += 1 }
            return !state.isEnding
        }
        while !mayWrite { sleep(1) }
        defer { state.withLock { $0.writers -= 1 } }
        return try body()
    }

    static func add(_ path: String) { state.withLock { _ = $0.paths.insert(path) } }

    static func remove(_ path: String) { state.withLock { _ = $0.paths.remove(path) } }
}
