// The middle lines of digits and of a few capitals, in a square of side 1, y down.
//
// SPDX-License-Identifier: MIT

import ReIdentImages

/// Middle lines of characters.
enum Lettering {
    /// One line of the pen.
    struct Stroke: Sendable {
        let points: [Point]
        let isClosed: Bool

        init(_ coordinates: [(Double, Double)], isClosed: Bool = false) {
            points = coordinates.map { Point($0.0, $0.1) }
            self.isClosed = isClosed
        }
    }

    /// The digits 0 to 9.
    static let digits: [[Stroke]] = [
        [Stroke([(0, 0), (1, 0), (1, 1), (0, 1)], isClosed: true)],
        [Stroke([(0.12, 0.2), (0.58, 0)]), Stroke([(0.58, -0.06), (0.58, 1.06)])],
        [
            Stroke([
                (0, 0.25), (0, 0), (1, 0), (1, 0.44), (0, 0.86), (0, 1), (1, 1),
            ])
        ],
        [
            Stroke([(0, 0.22), (0, 0), (1, 0), (1, 0.48), (0.35, 0.48)]),
            Stroke([(0.35, 0.48), (1, 0.48), (1, 1), (0, 1), (0, 0.78)]),
        ],
        [Stroke([(0.76, 1.07), (0.76, 0), (0, 0.7), (1.12, 0.7)])],
        [
            Stroke([
                (0.98, 0), (0.03, 0), (0.03, 0.43), (1, 0.43), (1, 1), (0, 1), (0, 0.78),
            ])
        ],
        [
            Stroke([(1, 0.22), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0.46), (0.05, 0.46)])
        ],
        [Stroke([(0, 0.1), (0, 0), (1, 0), (0.36, 1.07)])],
        [
            Stroke([(0.04, 0), (0.96, 0), (0.96, 0.48), (0.04, 0.48)], isClosed: true),
            Stroke([(0, 0.48), (1, 0.48), (1, 1), (0, 1)], isClosed: true),
        ],
        [
            Stroke([(0, 0.78), (0, 1), (1, 1), (1, 0), (0, 0), (0, 0.54), (0.95, 0.54)])
        ],
    ]

    /// Bars at the ends of the digits' strokes.
    static let serifs: [[Stroke]] = [
        [], [Stroke([(0.1, 1), (1.06, 1)])], [], [], [Stroke([(0.42, 1), (1.1, 1)])],
        [Stroke([(0.98, -0.02), (0.98, 0.16)])], [], [Stroke([(0.05, 1), (0.7, 1)])], [], [],
    ]

    /// Capitals of which names are made; they say nothing.
    static let letters: [[Stroke]] = [
        [
            Stroke([(0, 1.07), (0, 0), (1, 0), (1, 1.07)]), Stroke([(0, 0.55), (1, 0.55)]),
        ],
        [
            Stroke([(1, 0), (0, 0), (0, 1), (1, 1)]), Stroke([(0, 0.5), (0.8, 0.5)]),
        ],
        [Stroke([(0, -0.07), (0, 1), (1, 1)])],
        [Stroke([(0, 1.07), (0, 0), (1, 1), (1, -0.07)])],
        [
            Stroke([(0, 1.07), (0, 0), (1, 0), (1, 0.5), (0, 0.5)]),
            Stroke([(0.4, 0.5), (1, 1.07)]),
        ],
        [Stroke([(-0.05, 0), (1.05, 0)]), Stroke([(0.5, 0), (0.5, 1.07)])],
        [Stroke([(0, -0.07), (0, 1), (1, 1), (1, -0.07)])],
        [
            Stroke([(0, 1.07), (0, -0.07)]), Stroke([(1, 1.07), (1, -0.07)]),
            Stroke([(0, 0.5), (1, 0.5)]),
        ],
        [
            Stroke([(0, 1.07), (0, 0), (0.5, 0.55), (1, 0), (1, 1.07)])
        ],
        [Stroke([(0.5, -0.07), (0.5, 1.07)])],
        [
            Stroke([(1, 0.15), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0.85)])
        ],
        [
            Stroke([(0, -0.07), (0, 1.07)]), Stroke([(1, -0.07), (0, 0.5), (1, 1.07)]),
        ],
    ]

    /// How many capitals there are.
    static var letterCount: Int { letters.count }
}
