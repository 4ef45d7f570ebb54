// Writes manifest.csv, which makes a folder of images a data set.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFiles

/// The lines of a `manifest.csv`.
public struct ManifestWriter: Sendable {
    /// The file's name.
    public static let fileName = DatasetFormat.manifestName

    private let hasCaptions: Bool
    private let hasOthers: Bool
    private var lines: [String]

    /// A manifest without images.
    ///
    /// - Parameters:
    ///   - hasCaptions: Whether images are also told in words.
    ///   - hasOthers: Whether it is known how much of images shows other players.
    public init(hasCaptions: Bool = false, hasOthers: Bool = false) {
        (self.hasCaptions, self.hasOthers) = (hasCaptions, hasOthers)
        let columns = ["path", "identity", "camera", "split", "role", "number"]
        lines = [
            CSVTable.line(
                columns + (hasCaptions ? ["caption"] : []) + (hasOthers ? ["others"] : []))
        ]
    }

    /// Adds an image.
    ///
    /// - Parameters:
    ///   - path: Relative to the manifest's folder.
    ///   - identity: Who is on it; nil is allowed in the challenge part only.
    ///   - camera: Which camera filmed it.
    ///   - split: The part it belongs to.
    ///   - role: What it is for; nil leaves it to the reader.
    ///   - number: The number on the shirt.
    ///   - caption: The image in words; only in a manifest that has captions.
    ///   - others: The share of it that shows other players; only in a manifest that has it.
    public mutating func add(
        path: String, identity: String?, camera: String? = nil, split: Split, role: Role? = nil,
        number: String? = nil, caption: String? = nil, others: Double? = nil
    ) {
        precondition(hasCaptions || caption == nil, "this manifest has no captions")
        precondition(hasOthers || others == nil, "this manifest does not know of others")
        precondition(identity != nil || split == .challenge, "an image of nobody is a challenge")
        let fields = [
            path, identity ?? "", camera ?? "", split.rawValue, role?.rawValue ?? "", number ?? "",
        ]
        let share = others.map { String(format: "%.3f", $0) } ?? ""
        lines.append(
            CSVTable.line(
                fields + (hasCaptions ? [caption ?? ""] : []) + (hasOthers ? [share] : [])))
    }

    /// Writes the manifest into a folder that is being filled.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(to files: StagedFiles) throws(FileError) {
        try files.write(Array(lines.joined().utf8), to: Self.fileName)
    }
}
