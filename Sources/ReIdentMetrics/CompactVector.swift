// Numbers as a package's text keeps them: 16 bits each, not twenty characters.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Numbers between -1 and 1 in 16 bits each, written as base64.
struct CompactVector: Sendable, Equatable, Codable {
    let values: [Float]
    private static let unit: Float = 32_767

    init(_ values: [Float]) {
        self.values = values.map { (max(-1, min(1, $0)) * Self.unit).rounded() / Self.unit }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Data(base64Encoded: try container.decode(String.self)),
            bytes.count.isMultiple(of: 2)
        else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no base64 of pairs of bytes")
        }
        values = stride(from: 0, to: bytes.count, by: 2).map { place in
            let bits = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
            return Float(Int16(bitPattern: bits)) / Self.unit
        }
    }

    func encode(to encoder: any Encoder) throws {
        var bytes = Data(capacity: 2 * values.count)
        for value in values {
            let bits = UInt16(bitPattern: Int16((value * Self.unit).rounded()))
            bytes.append(UInt8(bits & 0xFF))
            bytes.append(UInt8(bits >> 8))
        }
        var container = encoder.singleValueContainer()
        try container.encode(bytes.base64EncodedString())
    }
}
