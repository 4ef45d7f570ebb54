// The best few of many rows, whatever the order in which they come.
//
// SPDX-License-Identifier: MIT

/// A row with its dot product with a query.
public struct RankedRow: Sendable, Equatable {
    /// Its number.
    public let row: Int
    /// The dot product.
    public let product: Float

    /// Whether another row comes before this one: larger products first, equal ones by number.
    func isWorse(than other: RankedRow) -> Bool {
        product < other.product || (product == other.product && row > other.row)
    }
}

/// The best rows that were offered, a fixed number of them: a heap with the worst of them on top.
struct BestRows {
    private var elements: [RankedRow] = []
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        elements.reserveCapacity(capacity)
    }

    /// What a product must reach to be among the best.
    var threshold: Float { elements.count < capacity ? -.infinity : elements[0].product }

    /// The elements from the best to the worst.
    var bestFirst: [RankedRow] { elements.sorted { $1.isWorse(than: $0) } }

    mutating func offer(_ element: RankedRow) {
        if elements.count < capacity {
            elements.append(element)
            siftUp()
        } else if let worst = elements.first, worst.isWorse(than: element) {
            elements[0] = element
            siftDown()
        }
    }

    private mutating func siftUp() {
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child].isWorse(than: elements[parent]) else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < elements.count && elements[child].isWorse(than: elements[worst]) {
                worst = child
            }
            guard worst != parent else { return }
            elements.swapAt(parent, worst)
            parent = worst
        }
    }
}
