// Writes manifest.csv, which makes a folder of images a data set.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFiles

/// The lines of a `manifest.csv`.
public struct ManifestWriter: Sendable {
    /// The file's name.
    public static let fileName = DatasetFormat.manifestName

    /// A column that a manifest may do without.
    public enum Extra: String, Sendable, CaseIterable {
        /// Images are also told in words.
        case caption
        /// How much of images shows other players.
        case others
        /// Where the number is.
        case numberBox = "number_box"
    }

    private let extras: [Extra]
    private var lines: [String]

    /// A manifest without images.
    ///
    /// - Parameter extras: What else is known of images, in this order.
    public init(_ extras: Extra...) {
        self.extras = extras
        let columns = ["path", "identity", "camera", "split", "role", "number"]
        lines = [CSVTable.line(columns + extras.map(\.rawValue))]
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
    ///   - numberBox: Where the number is, in pixels; only in a manifest that has it.
    public mutating func add(
        path: String, identity: String?, camera: String? = nil, split: Split, role: Role? = nil,
        number: String? = nil, caption: String? = nil, others: Double? = nil,
        numberBox: FrameBox.Area? = nil
    ) {
        let known: [Extra: String] = [
            .caption: caption, .others: others.map { String(format: "%.3f", $0) },
            .numberBox: numberBox?.text,
        ].compactMapValues(\.self)
        precondition(known.keys.allSatisfy(extras.contains), "this manifest has no such column")
        precondition(identity != nil || split == .challenge, "an image of nobody is a challenge")
        let fields = [
            path, identity ?? "", camera ?? "", split.rawValue, role?.rawValue ?? "", number ?? "",
        ]
        lines.append(CSVTable.line(fields + extras.map { known[$0] ?? "" }))
    }

    /// Writes the manifest into a folder that is being filled.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(to files: StagedFiles) throws(FileError) {
        try files.write(Array(lines.joined().utf8), to: Self.fileName)
    }
}
