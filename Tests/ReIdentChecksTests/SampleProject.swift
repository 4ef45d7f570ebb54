// A project of one manifest and one file, for trying one rule at a time.
//
// SPDX-License-Identifier: MIT

import ReIdentChecks

/// Checks single files inside a small project with three layers.
enum SampleProject {
    static let manifest = """
        // swift-tools-version: 6.1
        // A sample.
        //
        // SPDX-License-Identifier: MIT

        import PackageDescription

        func layer(_ name: String, on dependencies: [Target.Dependency]) -> Target {
            .target(name: name, dependencies: dependencies)
        }

        let argumentParser: Target.Dependency =
            .product(name: "ArgumentParser", package: "swift-argument-parser")

        let package = Package(
            name: "Sample",
            targets: [
                .target(name: "CReIdentEngine"),
                layer("Lower", on: []),
                layer("ReIdentEngine", on: ["Lower", "CReIdentEngine"]),
                layer("Upper", on: ["Lower", "ReIdentEngine"]),
                layer("ReIdentCommands", on: ["Upper", argumentParser]),
                .executableTarget(name: "Program", dependencies: ["ReIdentCommands"]),
                .target(name: "ReIdentTestSupport", dependencies: ["Lower"]),
                tests("Upper", on: []),
            ])

        """

    static let header = """
        // What the file is for.
        //
        // SPDX-License-Identifier: MIT


        """

    /// The line of a file's first line of code, after the header.
    static let firstLine = 5

    /// What is broken when the file is added to the project, the header put before it.
    static func violations(path: String, _ code: String) -> [Violation] {
        violations(path: path, contents: header + code)
    }

    /// The same for a file that is taken as it is.
    static func violations(
        path: String, contents: String, manifest: String = manifest
    ) -> [Violation] {
        ReIdentChecks.violations(in: [
            ProjectFile(path: "Package.swift", contents: manifest),
            ProjectFile(path: path, contents: contents),
        ])
    }
}
