// A value of a report that may be absent and then is null: scripts find every key they know.
//
// SPDX-License-Identifier: MIT

/// A value, or null.
struct Nullable<Value: Encodable>: Encodable {
    /// The value; nil is printed as null, where an optional property would be left out.
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}
