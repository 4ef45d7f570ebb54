// The arithmetic and the wording of progress, without a clock.
//
// SPDX-License-Identifier: MIT

import Foundation

/// What can be said of work of which so much was done at such times.
struct ProgressEstimate {
    private struct Sample {
        let done: Int
        let seconds: Double
    }

    /// Recent samples; their span is what the rate is taken over, so that it follows changes.
    private var samples: [Sample]
    private let doneBefore: Int
    private var done = 0
    private var total = 0

    private static let windowSeconds = 30.0

    /// Nothing is done yet, but for what an earlier run did.
    init(doneBefore: Int = 0) {
        self.doneBefore = doneBefore
        samples = [Sample(done: doneBefore, seconds: 0)]
    }

    /// Notes how much is done at a time.
    mutating func add(done: Int, total: Int, at seconds: Double) {
        self.done = done
        self.total = total
        samples.append(Sample(done: done, seconds: seconds))
        while samples.count > 2, seconds - samples[1].seconds > Self.windowSeconds {
            samples.removeFirst()
        }
    }

    /// How much is done in a second, lately.
    var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.done > first.done,
            last.seconds > first.seconds
        else { return nil }
        return Double(last.done - first.done) / (last.seconds - first.seconds)
    }

    /// For example `Embedding: 480 of 2000 images, 16.9 images/s, 1 min 30 s left`.
    func line(activity: String, unit: String, detail: String = "") -> String {
        let whole = total > 0 ? " of \(total)" : ""  // a server may not say how much there is
        var parts = ["\(activity): \(done)\(whole) \(unit)"]
        if !detail.isEmpty { parts.append(detail) }
        if let rate {
            parts.append("\(Self.rounded(rate)) \(unit)/s")
            if done < total {
                parts.append("\(Self.duration(Double(total - done) / rate)) left")
            }
        }
        return parts.joined(separator: ", ")
    }

    /// For example `Embedding: 2000 images in 1 min 58 s, 16.9 images/s`.
    func lastLine(activity: String, unit: String, seconds: Double) -> String {
        let mean = Double(done - doneBefore) / seconds
        let rate = seconds > 0 ? ", \(Self.rounded(mean)) \(unit)/s" : ""
        return "\(activity): \(done) \(unit) in \(Self.duration(seconds))\(rate)"
    }

    /// A rate with three digits or so.
    static func rounded(_ rate: Double) -> String {
        String(format: rate >= 100 ? "%.0f" : rate >= 10 ? "%.1f" : "%.2f", rate)
    }

    /// A duration in its two largest units.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "a long time" }
        guard seconds >= 10 else { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        case ..<86_400: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        }
    }
}
