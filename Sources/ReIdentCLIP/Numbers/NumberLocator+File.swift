// A locator as a file of a model package.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation

extension NumberLocator {
    /// Name of the file in a package.
    public static let packageFile = "number-locator.safetensors"

    /// Reads a locator.
    ///
    /// - Parameter path: What `write(to:force:)` wrote.
    /// - Throws: `PackageError.file` if it cannot be read, or holds other tensors.
    public init(path: String) throws(PackageError) {
        do throws(FileError) {
            try InputPath.requireFile(path)
            let file = try SafetensorsFile(path: path)
            var (layers, inputs) = ([Layer](), 3)
            for (place, part) in Self.parts.enumerated() {
                let shape = [part.outputs, inputs, part.kernel, part.kernel]
                let (weight, bias) = ("\(place).weight", "\(place).bias")
                for (name, expected) in [(weight, shape), (bias, [part.outputs])] {
                    let found = file.tensors[name]
                    let shown =
                        found.map { "\($0.elementType.rawValue) \($0.shape)" } ?? "missing"
                    guard let found, found.shape == expected, found.elementType == .float32 else {
                        throw FileError(
                            kind: .badData, path: path,
                            problem: "is no locator of numbers: tensor '\(name)' is \(shown), "
                                + "where F32 \(expected) is expected. Copy the file from its "
                                + "package again, or make one by `reident train-locator`.")
                    }
                }
                layers.append(
                    Layer(
                        weight: try file.floats(weight), bias: try file.floats(bias),
                        inputs: inputs, stride: part.stride))
                inputs = part.outputs
            }
            guard layers.allSatisfy({ ($0.weight + $0.bias).allSatisfy { $0.isFinite } }) else {
                throw FileError(
                    kind: .badData, path: path,
                    problem: "holds a weight that is no finite number. Copy the file from its "
                        + "package again, or make one by `reident train-locator`.")
            }
            self.init(layers: layers)
        } catch {
            throw .file(error)
        }
    }

    /// Outputs, window and stride of all layers.
    static var parts: [(outputs: Int, kernel: Int, stride: Int)] {
        plan.map { ($0.channels, 3, $0.stride) } + [(headChannels, 1, 1)]
    }

    /// Writes the file, which appears whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(to path: String, force: Bool = false) throws {
        try SafetensorsWriter.write(
            to: path,
            tensors: layers.enumerated().flatMap { place, layer in
                [
                    SafetensorsWriter.Tensor(
                        name: "\(place).weight",
                        shape: [layer.outputs, layer.inputs, layer.kernel, layer.kernel],
                        values: layer.weight),
                    SafetensorsWriter.Tensor(
                        name: "\(place).bias", shape: [layer.outputs], values: layer.bias),
                ]
            }, force: force)
    }

    /// SHA-256 of its numbers, lower-case hexadecimal.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public func digest() throws(PackageError) -> String {
        let bytes = layers.flatMap { $0.weight + $0.bias }.withUnsafeBytes(Array.init)
        do {
            return try MessageDigest.sha256.hexadecimal(of: bytes)
        } catch {
            throw .file(error)
        }
    }
}

/// The files of a package that only reading numbers needs.
public struct NumberFiles: Sendable {
    /// The sentences, where the package has its own.
    public var prompts: NumberPrompts?
    /// What finds numbers, where the package has it.
    public var locator: NumberLocator?

    /// Files, or none.
    public init(prompts: NumberPrompts? = nil, locator: NumberLocator? = nil) {
        (self.prompts, self.locator) = (prompts, locator)
    }

    /// Writes those that are there.
    func write(to folder: String) throws {
        if let prompts {
            try OutputFile.write(prompts.fileText, to: "\(folder)/\(NumberPrompts.packageFile)")
        }
        try locator?.write(to: "\(folder)/\(NumberLocator.packageFile)")
    }
}

extension ModelPackage {
    /// What finds numbers on crops, where the package has it.
    ///
    /// - Throws: As `NumberLocator.init(path:)` for a damaged file of the package.
    public func numberLocator() throws(PackageError) -> NumberLocator? {
        do {
            return try NumberLocator(path: "\(path)/\(NumberLocator.packageFile)")
        } catch {
            guard error.kind == .inputNotFound else { throw error }
            return nil
        }
    }

    /// Puts a locator into the package on disk, in place of one that is there.
    ///
    /// - Throws: `PackageError.file` if it cannot be written.
    public func setNumberLocator(_ locator: NumberLocator) throws(PackageError) {
        do {
            try locator.write(to: "\(path)/\(NumberLocator.packageFile)", force: true)
        } catch let error as any DiagnosedError {
            throw .file(error)
        } catch {
            throw .file(
                FileError(kind: .internalFault, path: path, problem: "cannot be written: \(error)"))
        }
    }

    /// The files that only reading numbers needs, for a package made from this one.
    ///
    /// - Throws: As `ownNumberPrompts()` and `numberLocator()`.
    public func numberFiles() throws(PackageError) -> NumberFiles {
        NumberFiles(prompts: try ownNumberPrompts(), locator: try numberLocator())
    }
}
