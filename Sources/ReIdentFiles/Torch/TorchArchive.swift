// Reads what torch.save and torch.jit.save write: a zip archive with a pickle of the structure
// (`data.pkl`) and one file of bytes for each storage, and the older single file in which pickles
// and storages follow each other.
//
// Formats after pytorch/pytorch, torch/serialization.py and torch/csrc/jit/serialization.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A file of tensors written by torch, checked in full before any tensor is handed out.
public struct TorchArchive: TensorFile {
    public let path: String
    /// The names of its tensors, in the order of the state dict.
    public let names: [String]
    /// Whether it is a TorchScript archive, the form of OpenAI's CLIP.
    public let isScript: Bool

    private let tensors: [String: TorchTensor]
    private let storages: any TorchStorages

    /// Opens a file and checks its structure; storages are read when their tensors are asked for.
    ///
    /// Found are the tensors of a state dict, of one under `state_dict`, `model_state_dict` or
    /// `model` of a training checkpoint, and of the modules of a TorchScript archive.
    ///
    /// - Parameters:
    ///   - path: A `.pt`, `.pth`, `.bin` or `.ckpt` file.
    ///   - limits: What its pickle may hold at most.
    /// - Throws: `FileError`: `inputNotFound` if there is no such file; `badData` if it is of
    ///   another format, damaged, asks for anything but tensors, or has tensors that do not lie in
    ///   their storages.
    public init(path: String, limits: PickleReader.Limits = .standard) throws(FileError) {
        let file = try MappedFile(path: path)
        let found: (pickle: Pickle, storages: any TorchStorages)
        switch Self.format(of: file) {
        case .zip:
            let zip = try TorchZip(path: path)
            found = (try zip.pickle(limits: limits), zip)
            isScript = zip.isScript
        case .sequence:
            found = try TorchSequence.read(file, limits: limits)
            isScript = false
        case .pickle:
            // A pickle of nothing but plain data; anything else is refused by its name.
            guard file.count <= limits.bytes else { throw Self.unknown(path) }
            let bytes = file.bytes(in: 0..<file.count).withUnsafeBytes { Array($0) }
            _ = try PickleReader(bytes, name: path, limits: limits).read()
            throw Self.unknown(path)
        case .other: throw Self.unknown(path)
        case .tar:
            throw .badData(
                path,
                "is a tar file, the form of torch before 0.1.10. Load it with torch and save its "
                    + "state dict as .safetensors.")
        }
        let dictionary = try StateDictionary(found.pickle, path: path)
        for (name, tensor) in dictionary.tensors {
            let size = try found.storages.size(of: tensor.storage)
            if let problem = tensor.problem(inBytes: size) {
                throw .badData(path, "tensor '\(name)' \(problem)")
            }
        }
        self.path = path
        names = dictionary.names
        tensors = dictionary.tensors
        storages = found.storages
    }

    public func description(of name: String) -> TensorDescription? {
        tensors[name].map { TensorDescription(elementType: $0.elementType, shape: $0.shape) }
    }

    public func bytes(of name: String) throws(FileError) -> MappedBytes {
        guard let tensor = tensors[name] else {
            throw .badData(path, "has no tensor '\(name)'.")
        }
        let storage = try storages.bytes(of: tensor.storage)
        let size = tensor.elementType.byteCount
        if tensor.isContiguous {
            let start = tensor.offset * size
            return storage.part(start..<start + tensor.elementCount * size)
        }
        return MappedBytes(copied: storage.withUnsafeBytes { tensor.gathered(from: $0) })
    }

    private static func unknown(_ path: String) -> FileError {
        .badData(
            path,
            "is no file of torch.save or torch.jit.save. Was a download cut short, or is it a web "
                + "page?")
    }

    /// Whether a file begins as those of torch do, whatever its name.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if it cannot be read.
    public static func isRecognized(_ path: String) throws(FileError) -> Bool {
        switch format(of: try MappedFile(path: path)) {
        case .zip, .sequence: true
        case .pickle, .tar, .other: false
        }
    }

    private enum Format { case zip, sequence, pickle, tar, other }

    private static func format(of file: MappedFile) -> Format {
        file.withUnsafeBytes { bytes in
            if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return .zip }
            if bytes.starts(with: TorchSequence.beginning) { return .sequence }
            if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) { return .tar }
            // The first instruction of a pickle: its protocol, or of the oldest a name or a mark.
            let beginnings = [PickleOpcode.version, .global, .instance, .mark].map(\.rawValue)
            if let first = bytes.first, beginnings.contains(first) { return .pickle }
            return .other
        }
    }
}

/// Where the bytes of a torch file's storages come from.
protocol TorchStorages: Sendable {
    /// How many bytes a storage really has.
    func size(of storage: TorchStorage) throws(FileError) -> Int
    /// The bytes of a storage.
    func bytes(of storage: TorchStorage) throws(FileError) -> MappedBytes
}

/// The zip form.
private struct TorchZip: TorchStorages {
    let archive: ZipArchive
    /// The folder inside the archive that everything lies in, with a slash at its end.
    let folder: String

    init(path: String) throws(FileError) {
        archive = try ZipArchive(path: path)
        let pickles = archive.entries.map(\.name).filter {
            $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2
        }
        guard let first = pickles.first, pickles.count == 1 else {
            throw .badData(
                path,
                "is a zip archive without a 'data.pkl', which torch.save and torch.jit.save put "
                    + "into theirs. Name the file of weights itself.")
        }
        folder = String(first.dropLast("data.pkl".count))
        if let entry = archive.entry(named: "\(folder)byteorder"), entry.size < 16,
            try !archive.read(entry).starts(with: Array("little".utf8))
        {
            throw .badData(
                path,
                "holds numbers of another byte order than little-endian. Save it as .safetensors "
                    + "on the machine that wrote it.")
        }
    }

    var isScript: Bool { archive.entry(named: "\(folder)constants.pkl") != nil }

    func pickle(limits: PickleReader.Limits) throws(FileError) -> Pickle {
        let name = "\(folder)data.pkl"
        guard let entry = archive.entry(named: name), entry.size <= limits.bytes else {
            throw .badData(
                "\(archive.path):\(name)",
                "claims to be larger than \(limits.bytes) bytes, many times what the largest "
                    + "models need.")
        }
        return try PickleReader(
            archive.read(entry), name: "\(archive.path):\(name)", limits: limits
        ).read()
    }

    func size(of storage: TorchStorage) throws(FileError) -> Int { try entry(storage).size }

    func bytes(of storage: TorchStorage) throws(FileError) -> MappedBytes {
        MappedBytes(copied: try archive.read(try entry(storage)))
    }

    private func entry(_ storage: TorchStorage) throws(FileError) -> ZipArchive.Entry {
        guard let entry = archive.entry(named: "\(folder)data/\(storage.key)") else {
            throw .badData(
                archive.path, "lacks the bytes '\(folder)data/\(storage.key)' of a tensor.")
        }
        return entry
    }
}
