// Why a similarity could not be explained.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// A request for a map that cannot be met.
public enum SaliencyError: DiagnosedError, Equatable {
    /// The encoder has fewer layers.
    case layer(package: String, found: Int, count: Int)

    public var kind: FailureKind { .usage }

    public var description: String {
        switch self {
        case .layer(let package, let found, let count):
            "\(package): there is no layer \(found); its layers are 0 to \(count - 1). Leave the "
                + "layer out for the last."
        }
    }
}
