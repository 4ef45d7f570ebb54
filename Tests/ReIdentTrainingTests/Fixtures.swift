// The drawn players, the small model and the reference runs (Tools/fixtures/training.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentTestSupport

enum Fixtures {
    static func path(_ name: String) -> String {
        Bundle.module.bundleURL.appending(path: "Fixtures/\(name)").path
    }

    /// The small model as a package in a test's folder.
    static func package(in folder: TemporaryFolder) throws -> ModelPackage {
        try CheckpointImport(
            source: path("model/weights.safetensors"),
            architecture: Architecture.resolve(path("model/config.json"))
        ).write(to: folder.file("start"), force: true)
    }
}
