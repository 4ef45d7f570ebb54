// The header of a safetensors file, read and checked: every statement about a tensor is compared
// with the others and with the size of the file.
//
// SPDX-License-Identifier: MIT

/// What a safetensors header says, after every check.
struct SafetensorsHeader {
    /// The most bytes a header may have, the format's own limit.
    static let largest = 100_000_000
    /// The name under which the texts are stored; no tensor can have it.
    static let metadataKey = "__metadata__"

    private(set) var metadata: [String: String] = [:]
    private(set) var tensors: [String: SafetensorsFile.Entry] = [:]
    private(set) var names: [String] = []

    private let path: String
    private let dataStart: Int
    private let dataCount: Int

    init(file: MappedFile) throws(FileError) {
        path = file.path
        guard file.count >= 8 else {
            throw .badData(
                path,
                "is no safetensors file: it has \(file.count) bytes and the length of the header "
                    + "alone takes 8. Was a download or copy cut short?")
        }
        let length = file.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
        }
        guard length <= UInt64(Self.largest) else {
            throw .badData(
                path,
                "is no safetensors file: its first 8 bytes give a header of \(length) bytes, and "
                    + "at most \(Self.largest) are allowed.")
        }
        dataStart = 8 + Int(length)
        guard dataStart <= file.count else {
            throw .badData(
                path,
                "ends inside its header: \(length) bytes of header are announced and "
                    + "\(file.count - 8) are there. Was a download or copy cut short?")
        }
        dataCount = file.count - dataStart
        let members = try Self.members(of: file, in: 8..<dataStart)
        var ranges: [(name: String, range: Range<Int>)] = []
        ranges.reserveCapacity(members.count)
        for member in members {
            if member.key == Self.metadataKey {
                metadata = try texts(member.value)
            } else {
                let entry = try entry(member.key, member.value)
                tensors[member.key] = entry
                ranges.append((member.key, entry.byteRange))
            }
        }
        try checkCoverage(&ranges)
        names = ranges.map(\.name)
    }

    private static func members(
        of file: MappedFile, in range: Range<Int>
    ) throws(FileError) -> [StrictJSON.Member] {
        do {
            let value = try file.bytes(in: range).withUnsafeBytes {
                (bytes) throws(StrictJSON.Problem) in
                guard bytes.first == UInt8(ascii: "{") else {
                    throw StrictJSON.Problem(offset: 0, reason: "it does not begin with '{'")
                }
                return try StrictJSON.parse(bytes)
            }
            guard case .object(let members) = value else { return [] }
            return members
        } catch {
            throw .badData(
                file.path,
                "has a header that is no JSON object: \(error.reason) (byte \(error.offset) of the "
                    + "header). It is no safetensors file, or a damaged one.")
        }
    }

    private func texts(_ value: StrictJSON) throws(FileError) -> [String: String] {
        guard case .object(let members) = value else {
            throw .badData(path, "has a '\(Self.metadataKey)' that is no object of texts.")
        }
        var texts: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw .badData(
                    path, "has a '\(Self.metadataKey)' whose value '\(member.key)' is no text.")
            }
            texts[member.key] = text
        }
        return texts
    }

    private func entry(
        _ name: String, _ value: StrictJSON
    ) throws(FileError) -> SafetensorsFile.Entry {
        guard case .object(let members) = value else {
            throw fault(name, "is described by something other than an object.")
        }
        let fields = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
        guard case .string(let typeName)? = fields["dtype"] else {
            throw fault(name, "has no element type ('dtype').")
        }
        guard let elementType = ElementType(rawValue: typeName) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault(name, "has the unknown element type '\(typeName)'; known are \(known).")
        }
        let shape = try wholeNumbers(fields["shape"], of: name, field: "shape")
        let offsets = try wholeNumbers(fields["data_offsets"], of: name, field: "data_offsets")
        guard offsets.count == 2 else {
            throw fault(name, "has \(offsets.count) 'data_offsets'; begin and end are needed.")
        }
        guard offsets[0] <= offsets[1] else {
            throw fault(name, "ends (\(offsets[1])) before it begins (\(offsets[0])).")
        }
        guard offsets[1] <= dataCount else {
            throw fault(
                name,
                "ends at byte \(offsets[1]) of the data, and the file has \(dataCount). "
                    + "Was a download or copy cut short?")
        }
        var expected = elementType.byteCount
        for dimension in shape {
            let (product, overflow) = expected.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw fault(name, "has the impossible shape \(shape).") }
            expected = product
        }
        guard expected == offsets[1] - offsets[0] else {
            throw fault(
                name,
                "has the shape \(shape) of \(typeName), which takes \(expected) bytes, and "
                    + "\(offsets[1] - offsets[0]) are given to it.")
        }
        return SafetensorsFile.Entry(
            elementType: elementType, shape: shape,
            byteRange: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    private func wholeNumbers(
        _ value: StrictJSON?, of name: String, field: String
    ) throws(FileError) -> [Int] {
        guard case .array(let elements)? = value else {
            throw fault(name, "has no list '\(field)'.")
        }
        var numbers: [Int] = []
        for element in elements {
            guard case .integer(let number) = element, number >= 0 else {
                throw fault(
                    name, "has a '\(field)' with something other than whole numbers from 0 on.")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// Puts the tensors in file order; together they must cover the data once, without a gap.
    private func checkCoverage(
        _ ranges: inout [(name: String, range: Range<Int>)]
    ) throws(FileError) {
        ranges.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = dataStart
        var previous = "the header"
        for (name, range) in ranges {
            guard range.lowerBound >= end else {
                throw fault(name, "shares bytes with '\(previous)'.")
            }
            guard range.lowerBound == end else {
                throw fault(
                    name, "leaves \(range.lowerBound - end) unused bytes after '\(previous)'.")
            }
            end = range.upperBound
            previous = name
        }
        guard end == dataStart + dataCount else {
            throw .badData(
                path,
                "has \(dataStart + dataCount - end) bytes after the last tensor that belong "
                    + "to none.")
        }
    }

    private func fault(_ name: String, _ problem: String) -> FileError {
        .badData(path, "tensor '\(name)' \(problem)")
    }
}
