// What is drawn at random in pictures: numbers of a range, one of several, yes or no.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

extension SeededGenerator {
    /// A number of a range, each equally likely.
    mutating func number(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * uniform()
    }

    /// How numbers of a range are spread.
    enum Spread {
        /// Each factor equally likely.
        case logarithmic
    }

    /// A number of a range of positive numbers.
    mutating func number(_ low: Double, _ high: Double, _ spread: Spread) -> Double {
        exp(number(log(low), log(high)))
    }

    /// Whether something of this probability happens.
    mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

    /// -1 or 1.
    mutating func sign() -> Double { uniform() < 0.5 ? -1 : 1 }

    /// One of several; the list is not empty.
    mutating func one<Element>(of elements: [Element]) -> Element {
        elements[integer(below: elements.count)]
    }

    /// One of several by their weights, which are positive.
    mutating func one<Element>(of elements: [(Element, Double)]) -> Element {
        var rest = uniform() * elements.reduce(0) { $0 + $1.1 }
        for (element, weight) in elements {
            rest -= weight
            if rest < 0 { return element }
        }
        return elements[elements.count - 1].0
    }

    /// A number around 0 of the standard deviation 1, about, within ±4.3: a sum of uniform ones.
    mutating func bell() -> Double {
        var sum = 0.0
        for _ in 0..<6 { sum += uniform() }
        return (sum - 3) * 1.4142
    }
}
