// Writes manifest.csv, which makes a folder of images a data set.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles

/// The lines of a `manifest.csv`.
public struct ManifestWriter: Sendable {
    /// The file's name.
    public static let fileName = DatasetFormat.manifestName

    private let hasCaptions: Bool
    private var lines: [String]

    /// A manifest without images.
    ///
    /// - Parameter hasCaptions: Whether images are also told in words.
    public init(hasCaptions: Bool = false) {
        self.hasCaptions = hasCaptions
        let columns = ["path", "identity", "camera", "split", "role", "number"]
        lines = [CSVTable.line(columns + (hasCaptions ? ["caption"] : []))]
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
    public mutating func add(
        path: String, identity: String?, camera: String? = nil, split: Split, role: Role? = nil,
        number: String? = nil, caption: String? = nil
    ) {
        precondition(hasCaptions || caption == nil, "this manifest has no captions")
        precondition(identity != nil || split == .challenge, "an image of nobody is a challenge")
        let fields = [
            path, identity ?? "", camera ?? "", split.rawValue, role?.rawValue ?? "", number ?? "",
        ]
        lines.append(CSVTable.line(fields + (hasCaptions ? [caption ?? ""] : [])))
    }

    /// Writes the manifest into a folder that is being filled.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(to files: StagedFiles) throws(FileError) {
        try files.write(Array(lines.joined().utf8), to: Self.fileName)
    }
}
