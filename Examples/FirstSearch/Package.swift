// swift-tools-version: 6.1
// The first ten lines with ReIdent, as a package of its own.
//
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
    name: "FirstSearch",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ReIdent", path: "../..")],
    targets: [
        .executableTarget(
            name: "FirstSearch", dependencies: [.product(name: "ReIdent", package: "ReIdent")])
    ],
    swiftLanguageModes: [.v6]
)
