// Takes matrices, ids and cameras out of a safetensors file and says what is wrong with them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// One safetensors file of distances being read.
struct MatrixFileReader {
    private let path: String
    private let file: SafetensorsFile

    init(path: String) throws(MetricsError) {
        self.path = path
        file = try diagnosing { try SafetensorsFile(path: path) }
    }

    /// The error for this file.
    func problem(_ problem: String, _ remedy: String) -> MetricsError {
        .malformedMatrixFile(path: path, problem: problem, remedy: remedy)
    }

    /// A matrix, or `nil` if there is none of that name.
    func matrix(_ name: String) throws(MetricsError) -> DistanceMatrix? {
        guard let entry = file.tensors[name] else { return nil }
        guard entry.shape.count == 2 else {
            throw problem(
                "tensor '\(name)' has the shape \(entry.shape)",
                "It must be a matrix: two dimensions.")
        }
        guard entry.elementType.isFloatingPoint else {
            throw problem(
                "tensor '\(name)' has elements of type \(entry.elementType.rawValue)",
                "Distances must be floating-point numbers, F32 as a rule.")
        }
        if entry.elementType == .float32, let mapped = try mapped(name, entry) { return mapped }
        let values = try diagnosing { try file.floats(name) }
        return try DistanceMatrix(
            values: values, queryCount: entry.shape[0], galleryCount: entry.shape[1])
    }

    /// The matrix in the mapped file itself, unless a writer put it at an odd place.
    private func mapped(
        _ name: String, _ entry: SafetensorsFile.Entry
    ) throws(MetricsError) -> DistanceMatrix? {
        let bytes = try diagnosing { try file.bytes(of: name) }
        let values = bytes.withUnsafeBytes { raw -> UnsafeBufferPointer<Float>? in
            let alignment = MemoryLayout<Float>.alignment
            guard let base = raw.baseAddress, Int(bitPattern: base).isMultiple(of: alignment)
            else { return nil }
            // The memory stays where it is as long as `bytes`, the owner below, is alive.
            return UnsafeBufferPointer(
                start: base.assumingMemoryBound(to: Float.self), count: entry.elementCount)
        }
        guard let values else { return nil }
        return try DistanceMatrix(
            borrowing: values, from: bytes, queryCount: entry.shape[0],
            galleryCount: entry.shape[1])
    }

    /// A square matrix of distances among the same images, or `nil` if there is none.
    func square(_ name: String, side: Int) throws(MetricsError) -> DistanceMatrix? {
        guard let matrix = try matrix(name) else { return nil }
        guard matrix.queryCount == side, matrix.galleryCount == side else {
            throw problem(
                "tensor '\(name)' is \(matrix.queryCount) x \(matrix.galleryCount)",
                "Beside these distances it must be \(side) x \(side).")
        }
        return matrix
    }

    /// Ids, which must be there.
    func requiredNames(
        _ name: String, count: Int, of images: String
    ) throws(MetricsError) -> [String?] {
        if let names = try names(name, count: count, of: images) { return names }
        throw problem(
            "there is no '\(name)'",
            "Give one for each of the \(count) \(images): a tensor of whole numbers, or a JSON "
                + "array of texts in the metadata.")
    }

    /// Cameras, if they are there.
    func cameras(
        _ name: String, count: Int, of images: String
    ) throws(MetricsError) -> [String]? {
        guard let cameras = try names(name, count: count, of: images) else { return nil }
        return try withoutNull(cameras, name)
    }

    /// The same texts where each must be there.
    func withoutNull(_ names: [String?], _ name: String) throws(MetricsError) -> [String] {
        let present = names.compactMap { $0 }
        guard present.count == names.count else {
            throw problem(
                "'\(name)' has a null", "Only 'gallery_ids' may have one, for a distractor.")
        }
        return present
    }

    /// Names from a tensor of whole numbers or from a JSON array of the metadata.
    private func names(
        _ name: String, count: Int, of images: String
    ) throws(MetricsError) -> [String?]? {
        let found: [String?]
        if let entry = file.tensors[name] {
            guard entry.shape.count == 1 else {
                throw problem(
                    "tensor '\(name)' has the shape \(entry.shape)",
                    "It must be a list: one dimension.")
            }
            found = try wholeNumbers(name, entry)
        } else if let text = file.metadata[name] {
            guard
                let values = try? JSONDecoder().decode([NameInJSON].self, from: Data(text.utf8))
            else {
                throw problem(
                    "'\(name)' of the metadata is not a JSON array of texts",
                    "Write it like [\"7\", \"12\"].")
            }
            found = values.map(\.text)
        } else {
            return nil
        }
        guard found.count == count else {
            throw problem(
                "'\(name)' has \(found.count) entries", "There are \(count) \(images).")
        }
        return found
    }

    private func wholeNumbers(
        _ name: String, _ entry: SafetensorsFile.Entry
    ) throws(MetricsError) -> [String] {
        let bytes = try diagnosing { try file.bytes(of: name) }
        func read<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> [String] {
            bytes.withUnsafeBytes { raw in
                (0..<entry.elementCount).map { index in
                    let offset = index * MemoryLayout<Number>.size
                    return String(
                        Number(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: type)))
                }
            }
        }
        switch entry.elementType {
        case .int64: return read(Int64.self)
        case .int32: return read(Int32.self)
        case .int16: return read(Int16.self)
        case .int8: return read(Int8.self)
        case .uint8: return read(UInt8.self)
        default:
            throw problem(
                "tensor '\(name)' has elements of type \(entry.elementType.rawValue)",
                "It must hold whole numbers, I64 as a rule. Other names go into the metadata.")
        }
    }
}

/// A text, a whole number, or null.
private struct NameInJSON: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            text = nil
        } else if let number = try? container.decode(Int64.self) {
            text = String(number)
        } else {
            text = try container.decode(String.self)
        }
    }
}
