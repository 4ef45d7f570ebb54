// The outputs that this process is writing at the moment, so that a process which has to end at
// once leaves nothing half-written behind.
//
// SPDX-License-Identifier: MIT

import Foundation
import Synchronization

/// The hidden files and folders of outputs that are not finished.
public enum UnfinishedOutputs {
    private static let paths = Mutex<Set<String>>([])

    /// Removes them all; for a process that ends right afterwards.
    ///
    /// An output that is being finished meanwhile appears whole or not at all.
    public static func removeAll() {
        for path in paths.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }

    static func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }

    static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
