// swift-tools-version: 6.1
// Feeds ReIdent's readers with damaged input, by libFuzzer; see run.sh. A package of its own,
// because its sanitizers must not reach the others' builds.
//
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
    name: "FuzzReaders",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ReIdent", path: "../..")],
    targets: [
        .executableTarget(
            name: "FuzzReaders", dependencies: [.product(name: "ReIdent", package: "ReIdent")])
    ],
    swiftLanguageModes: [.v6]
)
