// The fixtures written from open_clip (Tools/fixtures/encoder.py), and checkpoints made from them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation

@testable import ReIdentCLIP

enum Fixtures {
    static let folder = Bundle.module.bundleURL.appending(path: "Fixtures").path

    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    static func json(_ name: String) throws -> JSONValue {
        let contents = try Data(contentsOf: URL(filePath: path(name)))
        return try JSONValue(json: contents, file: name)
    }

    /// The architecture of one of the small models.
    static func architecture(_ name: String) throws -> Architecture {
        try Architecture.resolve(path("\(name)/config.json"))
    }

    /// The tensors of a file, to be changed and written again.
    static func tensors(_ name: String) throws -> [SafetensorsWriter.Tensor] {
        let file = try SafetensorsFile(path: path(name))
        return try file.names.compactMap { name in
            guard let entry = file.tensors[name] else { return nil }
            return SafetensorsWriter.Tensor(
                name: name, elementType: entry.elementType, shape: entry.shape,
                bytes: try file.bytes(of: name))
        }
    }

    /// Copies a small model's weights under other names; nil leaves a tensor out.
    static func copy(
        _ name: String, to path: String, renaming: (String) -> String? = { $0 },
        adding: [SafetensorsWriter.Tensor] = []
    ) throws {
        let kept = try tensors(name).compactMap { tensor in
            renaming(tensor.name).map {
                SafetensorsWriter.Tensor(
                    name: $0, elementType: tensor.elementType, shape: tensor.shape,
                    provideBytes: tensor.provideBytes)
            }
        }
        try SafetensorsWriter.write(to: path, tensors: kept + adding)
    }
}

extension JSONValue {
    var members: [String: JSONValue] {
        if case .object(let members) = self { members } else { [:] }
    }
    var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var whole: Int? { if case .integer(let number) = self { number } else { nil } }
    var real: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}

/// What a call throws, as the error every part of the package throws; nil if it throws nothing.
func failure(of body: () throws -> Void) -> (any DiagnosedError)? {
    do {
        try body()
        return nil
    } catch {
        return error as? any DiagnosedError
    }
}
