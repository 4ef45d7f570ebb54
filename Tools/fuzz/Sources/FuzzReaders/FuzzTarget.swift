// A reader to be fed, and what is demanded of it: it gives a result or an error that knows its
// exit code and says something; never a fault of ours.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// One reader with the inputs that fuzzing starts from.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads one input.
    let read: @Sendable ([UInt8]) throws -> Void
    /// Small inputs that are good, or nearly.
    let seeds: @Sendable () throws -> [[UInt8]]

    static let all: [FuzzTarget] = [
        .images, .orientation, .safetensors, .matrices, .weights, .zip, .table, .submission,
        .manifest, .pairs, .configuration, .package, .companions, .boxes, .index,
        .pickle, .torch, .gzip, .vocabulary, .texts,
        .entities, .cleaning, .merging, .learning, .numbering, .prompts,
    ]
}

/// Runs a reader and ends the process if it fails in a way that a user could not act on.
func expectDiagnosis(of name: String, _ body: () throws -> Void) {
    do {
        try body()
    } catch let error as any DiagnosedError {
        let kinds: [FailureKind] = [.badData, .inputNotFound, .usage]
        precondition(kinds.contains(error.kind), "\(name): kind \(error.kind): \(error)")
        precondition(error.description.count > 10, "\(name) says nothing: \(error)")
        precondition(error.description.utf8.count < 20_000, "\(name) says too much")
    } catch {
        preconditionFailure("\(name): an error without a diagnosis: \(error)")
    }
}

/// The folder of this process's files, removed when it ends in peace.
final class Scratch: Sendable {
    static let shared = Scratch()

    let path: String

    private init() {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "reident-fuzz-\(getpid())").path
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: Scratch.shared.path) }
    }

    /// Puts bytes into a file, which is made new each time since readers map files.
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        unlink(file)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "no scratch file at \(file)")
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes {
            Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        precondition(written == bytes.count, "the scratch folder is full")
        return file
    }

    /// A folder in it.
    func folder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}
