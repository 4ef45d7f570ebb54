// The architectures that have a name, and the resolver of `--arch`.
// Names and sizes after mlfoundations/open_clip, src/open_clip/model_configs.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A model configuration and the name it goes by.
public struct Architecture: Sendable, Equatable {
    /// open_clip's name, or the name of the configuration file without `.json`.
    public let name: String
    /// The sizes and the activation.
    public let configuration: CLIPConfiguration

    /// Names a configuration.
    public init(name: String, configuration: CLIPConfiguration) {
        self.name = name
        self.configuration = configuration
    }

    /// The architecture of the given name; nil if there is none.
    public static func named(_ name: String) -> Architecture? {
        known.first { $0.name == name }
    }

    /// Resolves the value of `--arch`: a known name, or the path of an open_clip configuration.
    ///
    /// - Parameter nameOrPath: A path is recognised by its ending, `.json`.
    /// - Returns: The architecture; that of a file is called by the file's name.
    /// - Throws: `PackageError.unknownArchitecture`, `.notFound`, or what reading the file throws.
    public static func resolve(_ nameOrPath: String) throws(PackageError) -> Architecture {
        if let architecture = named(nameOrPath) { return architecture }
        guard nameOrPath.lowercased().hasSuffix(".json") else {
            throw .unknownArchitecture(name: nameOrPath, alike: namesAlike(nameOrPath))
        }
        let value = try JSONValue(file: nameOrPath)
        let name = URL(filePath: nameOrPath).deletingPathExtension().lastPathComponent
        return Architecture(
            name: name, configuration: try CLIPConfiguration(value, file: nameOrPath))
    }

    /// Known names that differ from a mistyped one in case, dashes or slashes, or continue it.
    private static func namesAlike(_ name: String) -> [String] {
        func folded(_ text: String) -> String {
            String(text.lowercased().filter { $0.isLetter || $0.isNumber })
        }
        let wanted = folded(name)
        guard wanted.count >= 2 else { return [] }
        return known.map(\.name).filter { folded($0).hasPrefix(wanted) || wanted == folded($0) }
    }
}
