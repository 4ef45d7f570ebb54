// Remembers the tokens of words: captions repeat theirs, and merging costs a hundred times more
// than looking up. Open addressing over the words' own bytes; no word is made a string.
// Hash: FNV-1a, Fowler, Noll and Vo.
//
// SPDX-License-Identifier: MIT

/// A table from the bytes of words to their tokens.
struct WordCache {
    private struct Slot {
        var hash: UInt64 = 0
        var bytes: Range<Int32> = 0..<0  // empty: nothing is here
        var tokens: Range<Int32> = 0..<0
    }

    /// Words beyond these are not remembered: a stream of nonsense must not fill the memory.
    private static let largestCount = 1 << 18
    private static let longestWord = 64

    private var slots = [Slot](repeating: Slot(), count: 1 << 12)
    private var bytes: [UInt8] = []
    private var tokens: [Int32] = []
    private var count = 0

    /// Appends the tokens of a word; asks for them if it is a new one.
    mutating func append(
        _ word: UnsafeBufferPointer<UInt8>, to result: inout [Int32],
        encode: (UnsafeBufferPointer<UInt8>) -> [Int32]
    ) {
        let hash = Self.hash(word)
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while !slots[index].bytes.isEmpty {
            if slots[index].hash == hash, isEqual(slots[index].bytes, word) {
                for place in slots[index].tokens { result.append(tokens[Int(place)]) }
                return
            }
            index = (index + 1) & (slots.count - 1)
        }
        let found = encode(word)
        result += found
        guard count < Self.largestCount, word.count <= Self.longestWord else { return }
        let start = (Int32(bytes.count), Int32(tokens.count))
        bytes += word
        tokens += found
        slots[index] = Slot(
            hash: hash, bytes: start.0..<Int32(bytes.count), tokens: start.1..<Int32(tokens.count))
        count += 1
        if count * 2 > slots.count { grow() }
    }

    private func isEqual(_ range: Range<Int32>, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard range.count == word.count else { return false }
        let start = Int(range.lowerBound)
        for place in 0..<word.count where bytes[start + place] != word[place] { return false }
        return true
    }

    private mutating func grow() {
        var larger = [Slot](repeating: Slot(), count: slots.count * 2)
        for slot in slots where !slot.bytes.isEmpty {
            var index = Int(truncatingIfNeeded: slot.hash) & (larger.count - 1)
            while !larger[index].bytes.isEmpty { index = (index + 1) & (larger.count - 1) }
            larger[index] = slot
        }
        slots = larger
    }

    private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in word { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }
}
