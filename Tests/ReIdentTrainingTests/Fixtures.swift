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

    /// A small model as a package in a test's folder.
    static func package(
        _ name: String = "model", in folder: TemporaryFolder
    ) throws -> ModelPackage {
        try CheckpointImport(
            source: path("\(name)/weights.safetensors"),
            architecture: Architecture.resolve(path("\(name)/config.json"))
        ).write(to: folder.file("start"), force: true)
    }
}
