// The file format of torch.save before version 1.6: three pickles of a preamble, the pickle of the
// state, the pickle of the storages' names, then each storage as a count and its bytes.
//
// Format after pytorch/pytorch, torch/serialization.py (_legacy_save).
//
// SPDX-License-Identifier: MIT

import Foundation

/// The storages of an old file, where they lie in it.
struct TorchSequence: TorchStorages {
    /// How every such file begins: protocol 2 and the format's own number.
    static let beginning: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    private let file: MappedFile
    private let ranges: [String: Range<Int>]

    /// Reads the pickles of a file and finds its storages.
    static func read(
        _ file: MappedFile, limits: PickleReader.Limits
    ) throws(FileError) -> (pickle: Pickle, storages: any TorchStorages) {
        var position = beginning.count
        func next() throws(FileError) -> Pickle {
            let end = min(file.count, position + limits.bytes)
            let bytes = file.bytes(in: position..<end).withUnsafeBytes { Array($0) }
            let pickle = try PickleReader(bytes, name: file.path, limits: limits).read()
            position += pickle.byteCount
            return pickle
        }
        guard try next().root == .integer(1001) else {
            throw .badData(file.path, "is of a version of torch's old format that is not known.")
        }
        let system = try next()
        guard system.member("little_endian", of: system.root) != .boolean(false) else {
            throw .badData(
                file.path,
                "holds numbers of another byte order than little-endian. Save it as .safetensors "
                    + "on the machine that wrote it.")
        }
        let state = try next()
        let names = try next()
        guard case .list(let keys)? = names.node(names.root) else {
            throw .badData(file.path, "has no list of its tensors' memory. It is damaged.")
        }
        var sizes: [String: Int] = [:]
        for case .storage(let storage) in state.nodes {
            sizes[storage.key] = storage.elementType?.byteCount ?? 1
        }
        var ranges: [String: Range<Int>] = [:]
        for key in keys {
            guard case .text(let name) = key, let size = sizes[name] else {
                throw .badData(file.path, "has memory that belongs to no tensor. It is damaged.")
            }
            let count = position + 8 <= file.count ? file.littleEndian(at: position) : nil
            guard let count, count <= UInt64((file.count - position - 8) / size) else {
                throw .badData(
                    file.path,
                    "ends inside the memory of a tensor. Was a download or copy cut short?")
            }
            let end = position + 8 + Int(count) * size
            ranges[name] = position + 8..<end
            position = end
        }
        return (state, TorchSequence(file: file, ranges: ranges))
    }

    func size(of storage: TorchStorage) throws(FileError) -> Int { try range(storage).count }

    func bytes(of storage: TorchStorage) throws(FileError) -> MappedBytes {
        file.bytes(in: try range(storage))
    }

    private func range(_ storage: TorchStorage) throws(FileError) -> Range<Int> {
        guard let range = ranges[storage.key] else {
            throw .badData(file.path, "lacks the memory '\(storage.key)' of a tensor.")
        }
        return range
    }
}

extension MappedFile {
    fileprivate func littleEndian(at offset: Int) -> UInt64 {
        withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}
