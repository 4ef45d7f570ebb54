// What decides the figures of a reproduction; kept in its folder, so that steps of two different
// ones are never mixed.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation

/// The settings of one reproduction.
struct ReproductionSettings: Codable, Equatable {
    /// The recipe's values, with which the paper's figures can be compared.
    static let recipeEpochs = 4
    static let recipeBatchSize = 16
    static let paperEdition = 2022

    var model: ReproducedModel
    /// The edition of SynergyReID that is fetched.
    var edition = paperEdition
    /// A file of weights or a package to begin with; nil fetches OpenAI's.
    var weights: String?
    /// The data set; nil fetches SynergyReID.
    var data: String?
    var epochs = recipeEpochs
    var batchSize = recipeBatchSize
    var maximumSteps: Int?
    /// The number format of training; nil is the recipe's, fp16 on CUDA and fp32 elsewhere.
    var precision: String?

    /// What differs from the paper, in words; empty where the figures can be compared.
    var deviations: [String] {
        var found: [String] = []
        if edition != Self.paperEdition { found.append("the data of \(edition)") }
        if weights != nil { found.append("weights given by --weights") }
        if data != nil { found.append("data given by --data") }
        if epochs != Self.recipeEpochs { found.append("\(epochs) epochs") }
        if batchSize != Self.recipeBatchSize { found.append("batches of \(batchSize) pairs") }
        if let precision { found.append("training in \(precision)") }
        if let maximumSteps { found.append("at most \(maximumSteps) steps") }
        return found
    }

    /// Notes the settings in a folder, or makes sure that they are those it was begun with.
    ///
    /// - Throws: `ReproductionError` of kind `usage` naming the first difference; `FileError` if
    ///   the folder cannot be made or written.
    func settle(in folder: String) throws {
        let path = "\(folder)/settings.json"
        if let contents = FileManager.default.contents(atPath: path) {
            guard let begun = try? JSONDecoder().decode(Self.self, from: contents) else {
                throw FileError.badData(
                    path, "is not what `reident reproduce` writes. Choose another --out.")
            }
            guard begun == self else {
                throw ReproductionError(
                    kind: .usage,
                    "\(folder): was begun with other options: \(begun.difference(to: self)). "
                        + "Give the same options, or another --out.")
            }
            return
        }
        if !FileManager.default.fileExists(atPath: folder) {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw FileError.cannotWrite(
                    folder, "this folder cannot be made. Check the path and its permissions.")
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try OutputFile.write(Array(try encoder.encode(self)), to: path)
    }

    private func difference(to other: Self) -> String {
        func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }
        let pairs = [
            ("the model", model.rawValue, other.model.rawValue),
            ("--edition", "\(edition)", "\(other.edition)"),
            ("--weights", text(weights), text(other.weights)),
            ("--data", text(data), text(other.data)),
            ("--epochs", "\(epochs)", "\(other.epochs)"),
            ("--batch-size", "\(batchSize)", "\(other.batchSize)"),
            ("--max-steps", text(maximumSteps), text(other.maximumSteps)),
            ("--precision", text(precision), text(other.precision)),
        ]
        return pairs.filter { $0.1 != $0.2 }
            .map { "\($0.0) was \($0.1) and is \($0.2)" }.joined(separator: ", ")
    }
}
