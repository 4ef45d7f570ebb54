// How far the work is, how fast it goes and how long it still takes, on standard error.
//
// SPDX-License-Identifier: MIT

import Dispatch
import Synchronization

/// Tells the progress of one piece of work.
///
/// On a terminal one line is rewritten; elsewhere there is a line every ten seconds and, if that is
/// not too soon, at every quarter.
final class ProgressMeter: Sendable {
    private struct State {
        var estimate: ProgressEstimate
        var shownAt: Double?
        var shownQuarter = 0
        var isFinished = false
    }

    private let activity: String
    private let unit: String
    private let isSilent: Bool
    private let isTerminal: Bool
    private let start = DispatchTime.now()
    private let state: Mutex<State>

    /// A meter at zero.
    ///
    /// - Parameters:
    ///   - activity: What is done, a participle: `Embedding`.
    ///   - unit: What is counted, in the plural: `images`.
    ///   - doneBefore: How many an earlier run has done, which this one goes on from.
    ///   - isSilent: Whether it says nothing.
    ///   - isTerminal: Whether lines can be rewritten.
    init(
        _ activity: String, unit: String, doneBefore: Int = 0, isSilent: Bool,
        isTerminal: Bool = StandardError.isTerminal
    ) {
        self.activity = activity
        self.unit = unit
        self.isSilent = isSilent
        self.isTerminal = isTerminal
        state = Mutex(State(estimate: ProgressEstimate(doneBefore: doneBefore)))
    }

    /// Says how much is done.
    ///
    /// - Parameters:
    ///   - done: How many of the unit.
    ///   - total: How many there are.
    ///   - detail: What else is worth knowing, such as a loss.
    func update(_ done: Int, of total: Int, detail: String = "") {
        guard !isSilent else { return }
        let now = seconds
        state.withLock { state in
            state.estimate.add(done: done, total: total, at: now)
            let quarter = total > 0 ? 4 * done / total : 4
            let pause = state.shownAt.map { now - $0 } ?? now
            let isDue =
                isTerminal
                ? pause >= 0.1 || done == total
                : pause >= 10 || (quarter > state.shownQuarter && done < total && pause >= 2)
            guard isDue, !state.isFinished else { return }
            state.shownAt = now
            state.shownQuarter = quarter
            let line = state.estimate.line(activity: activity, unit: unit, detail: detail)
            if isTerminal {
                StandardError.rewrite(line: line)
            } else {
                StandardError.write(line: line)
            }
        }
    }

    /// Says that the work is done.
    func finish() {
        guard !isSilent else { return }
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            StandardError.write(
                line: state.estimate.lastLine(activity: activity, unit: unit, seconds: seconds))
        }
    }

    private var seconds: Double {
        Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
    }
}
