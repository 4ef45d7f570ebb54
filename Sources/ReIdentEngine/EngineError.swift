// Why the engine could not be used or refused an operation.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// An engine that is missing or an operation of it that failed.
public struct EngineError: DiagnosedError, Equatable {
    /// What sort of failure it is.
    public enum Code: Sendable, Equatable {
        /// The library is not there, does not load or is of another version.
        case missing
        /// The device named does not exist on this machine.
        case device
        /// Host or device memory is exhausted.
        case memory
        /// LibTorch refused the operation.
        case operation
    }

    /// The sort of failure.
    public let code: Code
    /// The operation's name, for example `matmul`; empty while the engine is being opened.
    public let operation: String
    /// What was found and, where the user can mend it, what to do.
    public let message: String

    /// Creates an error.
    public init(code: Code, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    public var kind: FailureKind {
        switch code {
        case .missing, .device, .memory: .unavailable
        case .operation: .internalFault
        }
    }

    public var description: String {
        switch code {
        case .missing, .device: message
        case .memory: "\(operation): \(message). Use a smaller --batch-size."
        case .operation: "The engine failed in \(operation): \(message)"
        }
    }
}
