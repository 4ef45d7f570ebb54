// The number on a shirt, as it is written there.
//
// SPDX-License-Identifier: MIT

/// A shirt number: 0 to 99, or 00, which is another number than 0.
public struct ShirtNumber: Sendable, Hashable {
    /// Its digits, one or two, from the left.
    public let digits: [Int]

    private init(digits: [Int]) {
        self.digits = digits
    }

    /// A number as it is written.
    ///
    /// - Parameter text: `0` to `99` without further zeros, or `00`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let found = Self.all.first(where: { $0.text == text }) else { return nil }
        self = found
    }

    /// As it is written.
    public var text: String { digits.map(String.init).joined() }

    /// 0 to 99, then 00.
    public static let all = upTo99 + [ShirtNumber(digits: [0, 0])]

    /// 0 to 99.
    public static let upTo99 = (0...99).map { number in
        ShirtNumber(digits: number < 10 ? [number] : [number / 10, number % 10])
    }
}
