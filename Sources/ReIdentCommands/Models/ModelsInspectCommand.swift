// `reident models inspect`: what a package holds, and whether it is sound.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentFiles

/// Inspects a package.
struct ModelsInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a model package holds and checks it.",
        discussion: """
            Names and shapes of all tensors are held against the configuration, the weights \
            against the digest they were written with, every number must be finite, and the \
            vocabulary of a text side must be as large as it. A check that fails is exit code 65.
            """)

    @Argument(help: "The package's folder.")
    var package: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let inspection = try ModelPackage.open(package).inspect()
        let vocabulary = Self.vocabulary(of: inspection.package)
        let report = try InspectionReport(inspection, vocabulary)
        try output.print(report, text: report.text)
        guard inspection.digestMatches else {
            throw PackageError.digestMismatch(
                path: package, expected: inspection.package.settings.weightsDigest,
                found: inspection.digest)
        }
        if let first = inspection.tensorsNotFinite.first {
            throw FileError.badData(
                package,
                "\(inspection.tensorsNotFinite.count) tensors hold numbers that are not finite, "
                    + "the first is '\(first)'. Import or train it again.")
        }
        if case .failure(let error)? = vocabulary { throw error }
    }

    /// The vocabulary of the text side, if there is one, or what is wrong with it.
    private static func vocabulary(
        of package: ModelPackage
    ) -> Result<Vocabulary, PackageError>? {
        do throws(PackageError) {
            guard package.hasTextSide, try package.vocabularyFile() != nil else { return nil }
            return .success(try package.tokenizer().vocabulary)
        } catch {
            return .failure(error)
        }
    }
}

/// The result of an inspection as `--json` prints it.
private struct InspectionReport: Encodable {
    struct Check: Encodable {
        let name: String
        let passed: Bool
        let detail: String
    }

    let package: PackageDescription
    let checks: [Check]
    let isSound: Bool

    enum CodingKeys: String, CodingKey {
        case checks
        case isSound = "sound"
    }

    init(_ inspection: PackageInspection, _ vocabulary: Result<Vocabulary, PackageError>?) throws {
        package = try PackageDescription(inspection.package)
        let notFinite = inspection.tensorsNotFinite
        var checks = [
            Check(
                name: "names and shapes", passed: true,
                detail: "\(inspection.package.weights.names.count) tensors as configured"),
            Check(
                name: "digest", passed: inspection.digestMatches,
                detail: inspection.digestMatches
                    ? "SHA-256 as written" : "SHA-256 is \(inspection.digest), not as written"),
            Check(
                name: "finite numbers", passed: notFinite.isEmpty,
                detail: notFinite.isEmpty
                    ? "all of them" : "not in \(notFinite.joined(separator: ", "))"),
        ]
        switch vocabulary {
        case .success(let vocabulary)?:
            let detail = "\(vocabulary.tokenCount) tokens, as many as the text encoder knows"
            checks.append(Check(name: "vocabulary", passed: true, detail: detail))
        case .failure(let error)?:
            checks.append(Check(name: "vocabulary", passed: false, detail: error.description))
        case nil: break
        }
        self.checks = checks
        isSound = checks.allSatisfy(\.passed)
    }

    func encode(to encoder: any Encoder) throws {
        try package.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(checks, forKey: .checks)
        try container.encode(isSound, forKey: .isSound)
    }

    var text: String {
        ([package.text]
            + checks.map { "\($0.passed ? "passed" : "FAILED"): \($0.name): \($0.detail)" })
            .joined(separator: "\n")
    }
}
