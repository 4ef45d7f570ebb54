// What can be wrong with distances, their labels and the files that hold them.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Why distances could not be read, evaluated or re-ranked.
public enum MetricsError: DiagnosedError, Equatable {
    /// Two lists or matrices that must have one size have different ones.
    case countMismatch(what: String, expected: Int, found: Int)
    /// A distance is not a number, or infinite where a finite one is needed; indices from 0.
    case notFinite(matrix: String, row: Int, column: Int, value: Float)
    /// Cameras are known for the queries only, or for the gallery only.
    case camerasOnOneSide(known: String, missing: String)
    /// No query has an image of the same player left in the gallery.
    case noValidQuery(queries: Int, gallery: Int)
    /// There is no pair of crops of one player, or none of two players.
    case tooFewPairs(genuine: Int, impostor: Int, players: Int)
    /// There are too few crops with or without what is to be told.
    case tooFewExamples(positive: Int, negative: Int, least: Int)
    /// A parameter lies outside its range.
    case parameter(name: String, found: String, expected: String)
    /// A table of distances in text form is malformed; lines and columns from 1.
    case malformedTable(path: String, line: Int, column: Int?, problem: String, remedy: String)
    /// A safetensors file does not hold the matrices or names it should.
    case malformedMatrixFile(path: String, problem: String, remedy: String)
    /// Distance matrices to be averaged are not about the same images.
    case ensembleMismatch(position: Int, problem: String)
    /// Re-ranking was asked for without the matrices it needs.
    case missingMatrices(path: String, names: [String])
    /// The task was cancelled.
    case cancelled
    /// What another part reported while it read a file or computed a product.
    case underlying(kind: FailureKind, description: String)

    public var kind: FailureKind {
        switch self {
        case .parameter: .usage
        case .cancelled: .interrupted
        case .underlying(let kind, _): kind
        default: .badData
        }
    }

    public var description: String {
        switch self {
        case .countMismatch(let what, let expected, let found):
            "\(what): \(found) found, \(expected) expected. Give exactly one for each."
        case .notFinite(let matrix, let row, let column, let value):
            "\(matrix), row \(row + 1), column \(column + 1) (counted from 1): the distance is "
                + "\(value), a finite number is needed. Recompute the matrix; a model whose "
                + "weights are not finite gives such distances."
        case .camerasOnOneSide(let known, let missing):
            "Cameras are given for the \(known) but not for the \(missing). Give both, or neither "
                + "if no query was filmed by a camera of the gallery."
        case .noValidQuery(let queries, let gallery):
            "None of the \(queries) queries has an image of the same player under another camera "
                + "among the \(gallery) gallery images, so there is nothing to measure. Check "
                + "that query and gallery identities are written the same way."
        case .tooFewPairs(let genuine, let impostor, let players):
            "The crops show \(players) players: \(genuine) pairs of one player (under two cameras, "
                + "where cameras are known) and \(impostor) pairs of two. At least one of each is "
                + "needed; give crops of more players, or several of each."
        case .tooFewExamples(let positive, let negative, let least):
            "\(positive) crops show what is to be told and \(negative) do not; at least \(least) "
                + "of each are needed. Give more crops."
        case .parameter(let name, let found, let expected):
            "\(name) is \(found); it must be \(expected)."
        case .malformedTable(let path, let line, let column, let problem, let remedy):
            "\(path), line \(line)\(column.map { ", column \($0)" } ?? ""): \(problem). \(remedy)"
        case .malformedMatrixFile(let path, let problem, let remedy):
            "\(path): \(problem). \(remedy)"
        case .ensembleMismatch(let position, let problem):
            "Distance matrix \(position + 1) cannot be averaged with the first: \(problem). "
                + "Compute all of them on the same queries and gallery, in the same order."
        case .missingMatrices(let path, let names):
            "\(path) has no \(names.joined(separator: " and no ")), which re-ranking needs. Write "
                + "the file with them, or leave out re-ranking."
        case .cancelled:
            "The work was cancelled before it was done; nothing was written."
        case .underlying(_, let description):
            description
        }
    }
}

extension MetricsError {
    /// Any diagnosed error of another module as one of this module.
    init(_ error: any Error) {
        if let own = error as? MetricsError {
            self = own
        } else if let diagnosed = error as? any DiagnosedError {
            self = .underlying(kind: diagnosed.kind, description: diagnosed.description)
        } else {
            self = .underlying(kind: .internalFault, description: String(describing: error))
        }
    }
}

/// Runs `body` and turns whatever it throws into a ``MetricsError``.
func diagnosing<Result>(_ body: () throws -> Result) throws(MetricsError) -> Result {
    do { return try body() } catch { throw MetricsError(error) }
}

/// Ends a long loop between two blocks when its task was cancelled.
func checkCancellation() throws(MetricsError) {
    if Task.isCancelled { throw .cancelled }
}
