// One catalogue of weights that their owners publish: what `models fetch` fetches and `models list`
// lists. The entries are in PublishedWeights+Known.swift.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
public import ReIdentImages

/// A file of weights that can be fetched.
public struct PublishedWeights: Sendable, Equatable {
    /// What `models fetch` calls it: OpenAI's name, or open_clip's `MODEL:WEIGHTS`.
    public let name: String
    /// Other names it is known by.
    public let aliases: [String]
    /// What the weights were trained on or are known as.
    public let title: String
    /// The architecture to import them with; nil for an archive of several checkpoints.
    public let architecture: String?
    /// How the pixels were normalized in training, where that is not the architecture's usual way.
    public let normalization: PixelNormalization.Name?
    /// Where their owner tells of them.
    public let page: String
    /// The file itself.
    public let address: String
    /// What the file is called here.
    public let fileName: String
    /// The checksum that is published with the address; nil where the server has to name it.
    public let digest: PublishedDigest?
    /// What else is worth knowing once it is there.
    public let remark: String?

    /// The command that makes a package of the fetched file; nil for an archive.
    public func importCommand(path: String) -> String? {
        architecture.map { architecture in
            let package = fileName.split(separator: ".").dropLast().joined(separator: ".")
            let pixels = normalization.map { " --normalization \($0.rawValue)" } ?? ""
            return "reident models import \(path) --arch \(architecture)\(pixels) --out \(package)"
        }
    }

    /// The weights of a name; capitals, and `/` or `_` for `-`, make no difference.
    ///
    /// - Throws: `PackageError.unknownWeights` with the names that are alike.
    public static func named(_ name: String) throws(PackageError) -> PublishedWeights {
        func folded(_ text: String) -> String {
            text.lowercased().replacing("/", with: "-").replacing("_", with: "-")
        }
        let wanted = folded(name)
        if let exact = known.first(where: { $0.name == name || $0.aliases.contains(name) }) {
            return exact
        }
        let found = known.filter { ([$0.name] + $0.aliases).map(folded).contains(wanted) }
        if found.count == 1 { return found[0] }
        let alike = known.map(\.name).filter {
            wanted.count >= 2 && folded($0).hasPrefix(wanted)
        }
        throw .unknownWeights(name: name, alike: Array(alike.prefix(6)))
    }
}

extension Architecture {
    /// The published weights that fit this architecture.
    public var publishedWeights: [PublishedWeights] {
        PublishedWeights.known.filter { $0.architecture == name }
    }
}
