// The error of this module: what is wrong with an index, and what to do.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
public import ReIdentFoundation
public import ReIdentMetrics

/// Why an index could not be read, changed or searched.
public enum IndexError: DiagnosedError, Equatable {
    /// The file is no index, or a damaged one.
    case damaged(path: String, problem: String)
    /// The file is an index of a form that this version does not read.
    case unknownVersion(path: String, found: String)
    /// Vectors of another model were brought to an index.
    case modelMismatch(path: String, expected: String, found: String, source: String)
    /// Vectors that were made in another way by the same model were brought to an index.
    case settingMismatch(path: String, setting: String, expected: String, found: String)
    /// Paths that are to be removed are not in the index.
    case notThere(path: String, missing: [String])
    /// The graph of an index is none, or a damaged one.
    case damagedGraph(path: String, problem: String)
    /// The graph is that of another state of an index.
    case staleGraph(path: String, index: String, expected: String, found: String)
    /// Building or searching a graph failed.
    case graph(problem: String)
    /// A file could not be read or written.
    case file(FileError)
    /// The search itself failed.
    case search(MetricsError)

    public var kind: FailureKind {
        switch self {
        case .damaged, .unknownVersion, .modelMismatch, .settingMismatch, .damagedGraph,
            .staleGraph:
            .badData
        case .graph: .internalFault
        case .notThere: .inputNotFound
        case .file(let error): error.kind
        case .search(let error): error.kind
        }
    }

    public var description: String {
        switch self {
        case .damaged(let path, let problem):
            return "\(path): is no sound index: \(problem). Build it again with "
                + "`reident index build`."
        case .unknownVersion(let path, let found):
            return "\(path): is an index of version '\(found)', and version "
                + "\(VectorIndex.version) is read. Build it again with `reident index build`."
        case .modelMismatch(let path, let expected, let found, let source):
            return "\(path): its vectors were made by the model \(expected), and those of "
                + "\(source) by \(found). Similarities of two models mean nothing: use the "
                + "index's model, or build the index again."
        case .settingMismatch(let path, let setting, let expected, let found):
            return "\(path): its vectors were made with \(setting) '\(expected)', and the others "
                + "with '\(found)'. Give the same option, or build the index again."
        case .notThere(let path, let missing):
            let some = missing.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
            return "\(path): holds nothing at \(some)"
                + (missing.count > 3 ? " and \(missing.count - 3) other paths" : "")
                + ", so nothing was removed. `reident index info --paths` lists what it holds."
        case .damagedGraph(let path, let problem):
            return "\(path): is no sound graph of an index: \(problem). \(Self.renewal)"
        case .staleGraph(let path, let index, let expected, let found):
            return "\(path): is the graph of another state of \(index): it was built for the "
                + "checksum \(found.prefix(12)), and the index has \(expected.prefix(12)). "
                + Self.renewal
        case .graph(let problem):
            return "The graph of neighbours failed: \(problem). Search exactly, with --exact."
        case .file(let error): return error.description
        case .search(let error): return error.description
        }
    }

    private static let renewal =
        "Build it again with `reident index graph`, or delete it and search exactly."

    /// Runs work on files, whose errors become errors of this module.
    static func carrying<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(IndexError) -> Result {
        do {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}
