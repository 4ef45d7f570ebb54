// swift-tools-version: 6.1
// Times searches. A package of its own, so that ReIdent's build is not burdened.
//
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
    name: "RankingBenchmark",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ReIdent", path: "../..")],
    targets: [
        .executableTarget(
            name: "RankingBenchmark",
            dependencies: [.product(name: "ReIdent", package: "ReIdent")])
    ],
    swiftLanguageModes: [.v6]
)
