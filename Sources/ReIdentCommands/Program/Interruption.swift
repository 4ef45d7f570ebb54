// Ctrl-C and requests to terminate: the work is cancelled and cleans up. What does not come to its
// end soon is ended, and its unfinished outputs are removed.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Dispatch
import Foundation
import ReIdentFiles
import ReIdentFoundation
import Synchronization

/// A command that, when interrupted, still has something to save and is given all the time for it.
protocol SavesWhenInterrupted: ParsableCommand {}

/// What is known of the work that a signal interrupts.
final class InterruptibleWork: Sendable {
    private let isSaving = Mutex(false)

    /// Whether the work must not be ended before it has saved.
    var needsTime: Bool { isSaving.withLock { $0 } }

    /// Notes which command is run.
    func begins(_ command: any ParsableCommand) {
        isSaving.withLock { $0 = command is any SavesWhenInterrupted }
    }
}

/// Tells a first signal from a repeated one.
private final class SignalHistory: Sendable {
    enum Signal {
        case first, echo, repeated
    }

    /// Programs such as `timeout` send a signal to a process and to its group, which is one wish.
    private static let echoNanoseconds: UInt64 = 1_000_000_000

    private let first = Mutex<UInt64?>(nil)

    func take(at time: DispatchTime = .now()) -> Signal {
        first.withLock { first in
            guard let begin = first else {
                first = time.uptimeNanoseconds
                return .first
            }
            return time.uptimeNanoseconds - begin < Self.echoNanoseconds ? .echo : .repeated
        }
    }
}

/// The handling of the signals SIGINT, SIGTERM and SIGHUP while a command runs.
final class Interruption {
    /// How long cancelled work may take to clean up.
    private static let patience = DispatchTimeInterval.seconds(3)

    private let sources: [any DispatchSourceSignal]

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - work: Whether it may be ended.
    ///   - cancel: Called at the first signal; one that comes a second later ends the process.
    init(of work: InterruptibleWork, cancel: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "ReIdent signals")
        let history = SignalHistory()
        sources = Self.signals.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                switch history.take() {
                case .echo: break
                case .repeated: Self.endProcess(work)
                case .first:
                    cancel()
                    queue.asyncAfter(deadline: .now() + Self.patience) {
                        guard work.needsTime else { Self.endProcess(work) }
                        StandardError.write(line: "Stopping as soon as all is saved.")
                    }
                }
            }
            source.resume()
            // Until the source listens, a signal ends the process: ignored, it would be lost. On
            // Linux the source replaces the action itself, on macOS it hears ignored ones.
            #if canImport(Darwin)
                signal(number, SIG_IGN)
            #endif
            return source
        }
    }

    /// Stops listening; signals stay without effect while the process says how it went.
    func end() {
        for number in Self.signals { signal(number, SIG_IGN) }
        for source in sources { source.cancel() }
    }

    /// A hang-up is left alone where the caller (`nohup`) has chosen to ignore it.
    private static let signals: [Int32] = {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        return [SIGINT, SIGTERM] + (isIgnoring(action) ? [] : [SIGHUP])
    }()

    private static func isIgnoring(_ action: sigaction) -> Bool {
        #if canImport(Darwin)
            let handler = action.__sigaction_u.__sa_handler
        #else
            let handler = action.__sigaction_handler.sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func endProcess(_ work: InterruptibleWork) -> Never {
        UnfinishedOutputs.removeAll()
        let rest = work.needsTime ? "what was saved before is whole" : "nothing was written"
        StandardError.write(line: "reident: Interrupted; \(rest).")
        _exit(FailureKind.interrupted.rawValue)
    }
}
