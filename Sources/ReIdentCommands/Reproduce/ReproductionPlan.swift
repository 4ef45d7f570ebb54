// The steps of a reproduction: commands of this program that a person could type one by one.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentFiles

/// One command.
struct ReproductionStep: Equatable {
    /// What it does, for people.
    let title: String
    /// Its result's name; the step is done when `results/NAME.json` is there.
    let name: String
    /// The arguments of `reident`, without `--json`.
    let arguments: [String]
    /// What the command writes; replaced if an earlier attempt has left it.
    var written: String?
    /// A training's folder, which is gone on with if it holds a state.
    var run: String?

    /// The arguments for what is there now.
    var currentArguments: [String] {
        if let run {
            if FileManager.default.fileExists(atPath: "\(run)/state") {
                return arguments + ["--resume"]
            }
            return FileManager.default.fileExists(atPath: run)
                ? arguments + ["--force"] : arguments
        }
        guard let written, FileManager.default.fileExists(atPath: written) else {
            return arguments
        }
        return arguments + ["--force"]
    }

    /// The command as one types it.
    var command: String { Self.typed(["reident"] + currentArguments) }

    /// Arguments in a shell's form.
    static func typed(_ arguments: [String]) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+")
        return arguments.map { argument in
            if !argument.isEmpty, argument.allSatisfy(plain.contains) { return argument }
            return "'" + argument.replacing("'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }
}

/// All steps of a reproduction in their order.
struct ReproductionPlan {
    let settings: ReproductionSettings
    /// The folder that everything is written to.
    let folder: String
    let seeds: Int
    let device: String
    let usesCheckpointing: Bool
    /// Options of downloads.
    let network: [String]

    /// Where the fine-tuned package of a seed is.
    func trainedPackage(ofSeed seed: Int) -> String { "\(folder)/seed-\(seed)/best" }

    /// The seeds that are trained.
    var seedNumbers: [Int] { Array(1...seeds) }

    /// The submissions that are written, in order.
    var submissions: [String] {
        seedNumbers.map(submission) + (seeds > 1 ? [ensembleSubmission] : [])
    }

    /// The command line from beginning to end.
    var steps: [ReproductionStep] {
        preparation + [zeroShot] + seedNumbers.flatMap { [training($0), evaluation($0)] }
            + seedNumbers.map(distances) + (seeds > 1 ? [ensemble] : [])
    }

    // MARK: Places

    private var fetchesWeights: Bool { settings.weights == nil }

    private var weightsFile: String {
        settings.weights ?? "\(folder)/\(settings.model.weightsName).pt"
    }

    /// Whether a package was given, so that nothing is imported.
    private var isPackageGiven: Bool {
        settings.weights.map { (try? InputPath.kind(of: $0)) == .folder } ?? false
    }

    private var startPackage: String {
        isPackageGiven ? settings.weights ?? "" : "\(folder)/start"
    }

    private var dataset: String {
        settings.data ?? "\(folder)/synergyreid-\(settings.edition).zip"
    }

    private func submission(_ seed: Int) -> String { "\(folder)/submission-seed-\(seed).csv" }

    private var ensembleSubmission: String { "\(folder)/submission-mean-of-\(seeds).csv" }

    // MARK: Steps

    private var preparation: [ReproductionStep] {
        var steps: [ReproductionStep] = []
        if fetchesWeights {
            steps.append(
                ReproductionStep(
                    title: "Fetching OpenAI's weights", name: "weights",
                    arguments: [
                        "models", "fetch", settings.model.weightsName, "--out", weightsFile,
                    ] + network))
        }
        if !isPackageGiven {
            steps.append(
                ReproductionStep(
                    title: "Importing the weights", name: "import",
                    arguments: [
                        "models", "import", weightsFile, "--arch", settings.model.architecture,
                        "--out", startPackage,
                    ], written: startPackage))
        }
        if settings.data == nil {
            steps.append(
                ReproductionStep(
                    title: "Fetching the data", name: "data",
                    arguments: [
                        "data", "fetch", "synergyreid-\(settings.edition)", "--out", dataset,
                    ] + network))
        }
        return steps
    }

    private var zeroShot: ReproductionStep {
        ReproductionStep(
            title: "Evaluating without training", name: "zero-shot",
            arguments: ["evaluate", dataset, "--model", startPackage, "--rerank"] + deviceOption)
    }

    private func training(_ seed: Int) -> ReproductionStep {
        let run = "\(folder)/seed-\(seed)"
        var arguments = [
            "train", dataset, "--model", startPackage, "--out", run, "--seed", "\(seed)",
            // The recipe's last epoch: nothing is chosen by looking at the test part.
            "--validation", "0", "--epochs", "\(settings.epochs)", "--batch-size",
            "\(settings.batchSize)",
        ]
        if let steps = settings.maximumSteps { arguments += ["--max-steps", "\(steps)"] }
        if let precision = settings.precision { arguments += ["--precision", precision] }
        if usesCheckpointing { arguments.append("--gradient-checkpointing") }
        return ReproductionStep(
            title: "Fine-tuning with seed \(seed)", name: "training-seed-\(seed)",
            arguments: arguments + deviceOption, run: run)
    }

    private func evaluation(_ seed: Int) -> ReproductionStep {
        ReproductionStep(
            title: "Evaluating seed \(seed), with and without re-ranking",
            name: "evaluation-seed-\(seed)",
            arguments: ["evaluate", dataset, "--model", trainedPackage(ofSeed: seed), "--rerank"]
                + deviceOption)
    }

    private func distances(_ seed: Int) -> ReproductionStep {
        ReproductionStep(
            title: "Writing the submission of seed \(seed)", name: "submission-seed-\(seed)",
            arguments: [
                "distances", dataset, "--model", trainedPackage(ofSeed: seed), "--split",
                "challenge",
                "--rerank", "--out", submission(seed),
            ] + deviceOption, written: submission(seed))
    }

    private var ensemble: ReproductionStep {
        let packages = seedNumbers.map { trainedPackage(ofSeed: $0) }
        return ReproductionStep(
            title: "Writing the submission of all seeds together",
            name: "submission-mean-of-\(seeds)",
            arguments: ["distances", dataset, "--model"] + packages
                + ["--split", "challenge", "--rerank", "--out", ensembleSubmission] + deviceOption,
            written: ensembleSubmission)
    }

    private var deviceOption: [String] { ["--device", device] }
}
