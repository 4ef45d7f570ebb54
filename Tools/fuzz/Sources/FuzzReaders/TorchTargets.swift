// Readers of what torch writes: pickles, and archives of them with their tensors.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

extension FuzzTarget {
    /// A bare pickle.
    static let pickle = FuzzTarget(
        name: "pickle",
        read: { bytes in _ = try PickleReader(bytes, name: "input").read() },
        seeds: {
            // The pickles of the torch files, as they lie in them.
            try torchFiles().flatMap { name, bytes -> [[UInt8]] in
                let path = try Scratch.shared.write(bytes, to: name)
                if let archive = try? ZipArchive(path: path) {
                    return try archive.entries.filter { $0.name.hasSuffix(".pkl") }
                        .map { try archive.read($0) }
                }
                return [Array(bytes.dropFirst(15))]  // behind the old format's mark
            }
        })

    /// A file of either format, all its tensors read.
    static let torch = FuzzTarget(
        name: "torch",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.pt")
            let archive = try TorchArchive(path: path)
            for name in archive.names {
                guard let tensor = archive.description(of: name) else {
                    preconditionFailure("a tensor without a description")
                }
                expectDiagnosis(of: "torch tensor") {
                    let count = try archive.bytes(of: name).count
                    precondition(
                        count == tensor.shape.reduce(tensor.elementType.byteCount, *))
                }
            }
        },
        seeds: { try torchFiles().map(\.bytes) })
}

/// The small torch files of the tests.
private func torchFiles() throws -> [(name: String, bytes: [UInt8])] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../Tests/ReIdentFilesTests/Fixtures").standardized.path
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        .filter { $0.hasSuffix(".pt") }
        .map { ($0, try Array(Data(contentsOf: URL(filePath: "\(folder)/\($0)")))) }
}
