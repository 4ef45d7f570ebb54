// swift-tools-version: 6.1
// ReIdent: player re-identification in Swift.
//
// The order of the targets below is the order of the layers: a target depends only on targets
// above it. `make check` holds the imports of every file to the same rule.
//
// SPDX-License-Identifier: MIT

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func layer(_ name: String, on dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, on dependencies: [Target.Dependency], fixtures: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name), "ReIdentTestSupport"] + dependencies,
        resources: fixtures ? [.copy("Fixtures")] : [],
        swiftSettings: swiftSettings)
}

let argumentParser: Target.Dependency =
    .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "ReIdent",
    platforms: [.macOS(.v15)],
    products: [
        .library(
            name: "ReIdent",
            targets: [
                "ReIdent", "ReIdentFiles", "ReIdentImages", "ReIdentData", "ReIdentMetrics",
                "ReIdentEngine", "ReIdentIndex", "ReIdentCLIP", "ReIdentTraining",
            ]),
        .executable(name: "reident", targets: ["ReIdentProgram"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(name: "CReIdentEngine"),
        .target(name: "CDotProducts"),
        .systemLibrary(
            name: "CJPEG", pkgConfig: "libjpeg",
            providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(
            name: "CPNG", pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CWebP", pkgConfig: "libwebp",
            providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CZip", pkgConfig: "libzip",
            providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CCairo", pkgConfig: "cairo",
            providers: [.apt(["libcairo2-dev"]), .brew(["cairo"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        // Headers alone, found by the compiler.
        .systemLibrary(
            name: "CHnswlib",
            providers: [.apt(["libhnswlib-dev"]), .brew(["hnswlib"])]),
        .target(name: "CNearestNeighbours", dependencies: ["CDotProducts", "CHnswlib"]),
        .target(name: "CImageCodecs", dependencies: ["CJPEG", "CPNG", "CWebP"]),
        .target(name: "CTransfers", dependencies: ["CCurl"]),

        layer("ReIdentFoundation", on: []),
        layer(
            "ReIdentFiles",
            on: ["ReIdentFoundation", "COpenSSL", "CTransfers", "CZip", "CZlib"]),
        layer(
            "ReIdentImages",
            on: ["ReIdentFoundation", "ReIdentFiles", "CImageCodecs", "CCairo"]),
        layer("ReIdentData", on: ["ReIdentFoundation", "ReIdentFiles"]),
        layer("ReIdentMetrics", on: ["ReIdentFoundation", "ReIdentFiles", "CDotProducts"]),
        layer("ReIdentRendering", on: ["ReIdentFoundation", "ReIdentFiles", "ReIdentImages"]),
        layer("ReIdentEngine", on: ["ReIdentFoundation", "CReIdentEngine"]),
        layer(
            "ReIdentIndex",
            on: ["ReIdentFoundation", "ReIdentFiles", "ReIdentMetrics", "CNearestNeighbours"]),
        layer(
            "ReIdentCLIP",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentMetrics",
                "ReIdentEngine",
            ]),
        layer(
            "ReIdent",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentMetrics", "ReIdentEngine", "ReIdentIndex", "ReIdentCLIP",
            ]),
        layer(
            "ReIdentTraining",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentMetrics", "ReIdentEngine", "ReIdentCLIP", "ReIdent",
            ]),
        layer(
            "ReIdentSaliency",
            on: ["ReIdentFoundation", "ReIdentImages", "ReIdentEngine", "ReIdentCLIP"]),
        layer(
            "ReIdentReports",
            on: [
                "ReIdentFiles", "ReIdentImages", "ReIdentData", "ReIdentMetrics", "ReIdent",
                "ReIdentTraining",
            ]),
        layer(
            "ReIdentCommands",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentMetrics", "ReIdentRendering", "ReIdentEngine", "ReIdentIndex",
                "ReIdentCLIP", "ReIdent", "ReIdentTraining", "ReIdentSaliency",
                "ReIdentReports", argumentParser,
            ]),
        // Not named "reident": on macOS's file system that would be the same as "ReIdent".
        .executableTarget(
            name: "ReIdentProgram", dependencies: ["ReIdentCommands"],
            swiftSettings: swiftSettings),

        // `make check`: the rules of this project, held by a program that is itself tested.
        layer("ReIdentChecks", on: []),
        .executableTarget(
            name: "reident-check", dependencies: ["ReIdentChecks"], swiftSettings: swiftSettings),

        .target(
            name: "ReIdentTestSupport", dependencies: ["ReIdentFoundation"],
            path: "Tests/ReIdentTestSupport", swiftSettings: swiftSettings),
        tests("ReIdentChecks", on: []),
        tests("ReIdentFoundation", on: []),
        tests("ReIdentFiles", on: ["ReIdentFoundation"], fixtures: true),
        tests("ReIdentData", on: ["ReIdentFoundation", "ReIdentFiles"]),
        tests("ReIdentImages", on: ["ReIdentFoundation", "ReIdentFiles"], fixtures: true),
        tests("ReIdentEngine", on: []),
        tests(
            "ReIdentMetrics", on: ["ReIdentFoundation", "ReIdentFiles", "CDotProducts"],
            fixtures: true),
        tests(
            "ReIdentRendering", on: ["ReIdentFoundation", "ReIdentFiles", "ReIdentImages"]),
        tests("ReIdentIndex", on: ["ReIdentFoundation", "ReIdentFiles", "ReIdentMetrics"]),
        tests(
            "ReIdentCLIP",
            on: ["ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentEngine"],
            fixtures: true),
        tests(
            "ReIdentTraining",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentEngine", "ReIdentCLIP", "ReIdent",
            ], fixtures: true),
        tests(
            "ReIdent",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentMetrics", "ReIdentEngine", "ReIdentCLIP",
            ]),
        tests(
            "ReIdentSaliency",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentEngine",
                "ReIdentCLIP",
            ], fixtures: true),
        tests(
            "ReIdentReports",
            on: [
                "ReIdentFoundation", "ReIdentFiles", "ReIdentImages", "ReIdentData",
                "ReIdentMetrics", "ReIdent", "ReIdentTraining",
            ]),
        // The program itself is run by the tests, so it has to be built before them.
        tests(
            "ReIdentCommands",
            on: [
                "ReIdentProgram", "ReIdentFoundation", "ReIdentFiles", "ReIdentImages",
                "ReIdentData", "ReIdentMetrics", "ReIdentEngine", "ReIdentIndex", "ReIdentCLIP",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
