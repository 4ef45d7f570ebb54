// The JSON files that lie beside published weights: they know the activation, the heads and the
// pixel statistics, which no tensor shows.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentImages

/// What the files beside a checkpoint say about it.
struct CompanionFiles {
    /// A configuration that was found, and the file it was found in.
    struct Found {
        let path: String
        let configuration: CLIPConfiguration
    }

    private(set) var configurations: [Found] = []
    /// The name of a model of timm, and the file that says it.
    private(set) var timmModel: (path: String, name: String)?
    private(set) var normalization: PixelNormalization?

    /// Looks for open_clip_config.json, config.json and preprocessor_config.json.
    ///
    /// - Parameter checkpoint: Path of the weights.
    /// - Throws: A `PackageError` if one of them is no JSON, or is of a known kind and asks for
    ///   something that is not supported; files of other kinds are passed over.
    init(beside checkpoint: String) throws(PackageError) {
        let folder = URL(filePath: checkpoint).deletingLastPathComponent()
        for name in ["open_clip_config.json", "config.json"] {
            let path = folder.appending(path: name).path
            guard let value = try Self.json(at: path) else { continue }
            if case .string(let name)? = value.member("architecture"),
                let described = value.member("pretrained_cfg")
            {
                timmModel = (path, name)
                normalization = normalization ?? Self.normalization(described, "mean", "std")
            } else if let configuration = try CLIPConfiguration(huggingFace: value, file: path) {
                configurations.append(Found(path: path, configuration: configuration))
            } else if value.member("vision_cfg") != nil || value.member("model_cfg") != nil {
                let configuration = try CLIPConfiguration(value, file: path)
                configurations.append(Found(path: path, configuration: configuration))
                normalization =
                    normalization
                    ?? Self.normalization(value.member("preprocess_cfg"), "mean", "std")
            }
        }
        let preprocessor = folder.appending(path: "preprocessor_config.json").path
        if normalization == nil {
            normalization = Self.normalization(
                try Self.json(at: preprocessor), "image_mean", "image_std")
        }
    }

    /// Refuses an architecture that contradicts one of the files.
    func check(
        _ architecture: Architecture, ignoringImageSize: Bool
    ) throws(PackageError) {
        if let (path, name) = timmModel, Architecture.named(name) != nil,
            Architecture.named(architecture.name) != nil, name != architecture.name
        {
            throw .contradiction(
                path: path, setting: "the architecture", found: name, architecture: "--arch",
                expected: architecture.name, advice: "Pass --arch \(name).")
        }
        for found in configurations {
            let differences = found.configuration.differences(
                from: architecture.configuration, ignoringImageSize: ignoringImageSize)
            guard let difference = differences.first else { continue }
            throw .contradiction(
                path: found.path, setting: difference.setting, found: difference.found,
                architecture: architecture.name, expected: difference.expected,
                advice: advice(for: found.configuration, ignoringImageSize: ignoringImageSize))
        }
    }

    private func advice(
        for configuration: CLIPConfiguration, ignoringImageSize: Bool
    ) -> String {
        let fitting = Architecture.known.filter {
            configuration.differences(
                from: $0.configuration, ignoringImageSize: ignoringImageSize
            ).isEmpty
        }.map(\.name)
        return fitting.isEmpty
            ? "Pass a configuration file that agrees as --arch."
            : "Pass --arch \(fitting.joined(separator: " or "))."
    }

    /// The file's value; nil if there is no such file.
    ///
    /// A damaged one is an error: it might have told something.
    private static func json(at path: String) throws(PackageError) -> JSONValue? {
        guard (try? InputPath.kind(of: path)) == .file else { return nil }
        return try JSONValue(file: path)
    }

    private static func normalization(
        _ value: JSONValue?, _ meanKey: String, _ deviationKey: String
    ) -> PixelNormalization? {
        guard let mean = value?.member(meanKey)?.channels,
            let deviation = value?.member(deviationKey)?.channels,
            deviation.allSatisfy({ $0 > 0 })
        else { return nil }
        return PixelNormalization(mean: mean, standardDeviation: deviation)
    }
}

extension JSONValue {
    /// A member of an object that is there and not null.
    func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = self, let value = members[key], value != .null else {
            return nil
        }
        return value
    }

    /// Three numbers, one a channel.
    fileprivate var channels: [Double]? {
        guard case .array(let values) = self, values.count == 3 else { return nil }
        let numbers = values.compactMap { value -> Double? in
            switch value {
            case .integer(let whole): Double(whole)
            case .number(let fraction): fraction
            default: nil
            }
        }
        return numbers.count == 3 ? numbers : nil
    }
}
