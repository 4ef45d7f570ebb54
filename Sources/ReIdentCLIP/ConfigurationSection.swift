// Reads one object of a configuration file, key by key, and refuses what is left over: an option
// that is silently dropped gives a model that loads and computes something else.
//
// SPDX-License-Identifier: MIT

/// One JSON object of a configuration file and the keys that have been read from it.
struct ConfigurationSection {
    /// The file, as named in messages.
    let file: String
    /// Where the object stands in the file, for example `vision_cfg`; empty for the outermost.
    let path: String
    private var remaining: [String: JSONValue]

    init(_ value: JSONValue, file: String, path: String) throws(PackageError) {
        guard case .object(let members) = value else {
            throw .invalidConfiguration(
                file: file, problem: "\(path.isEmpty ? "it" : "'\(path)'") is \(value.shown)",
                expected: "an object")
        }
        self.file = file
        self.path = path
        remaining = members
    }

    private func qualified(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Takes a value out of the section; nil where it is absent or null.
    mutating func take(_ key: String) -> JSONValue? {
        guard let value = remaining.removeValue(forKey: key), value != .null else { return nil }
        return value
    }

    /// Takes a whole number of 1 or more; `fallback` nil makes the key necessary.
    mutating func takeSize(
        _ key: String, fallback: Int?, atMost: Int = 1 << 20
    ) throws(PackageError) -> Int {
        guard let value = take(key) else {
            guard let fallback else {
                throw .invalidConfiguration(
                    file: file, problem: "'\(qualified(key))' is missing",
                    expected: "a whole number")
            }
            return fallback
        }
        guard case .integer(let number) = value, (1...atMost).contains(number) else {
            throw invalid(key, value, expected: "a whole number from 1 to \(atMost)")
        }
        return number
    }

    /// Takes a positive number.
    mutating func takeNumber(
        _ key: String, fallback: Double, in range: ClosedRange<Double>
    ) throws(PackageError) -> Double {
        guard let value = take(key) else { return fallback }
        let number: Double
        switch value {
        case .integer(let whole): number = Double(whole)
        case .number(let fraction): number = fraction
        default: throw invalid(key, value, expected: "a number")
        }
        guard range.contains(number) else {
            throw invalid(
                key, value, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Takes true or false.
    mutating func takeFlag(_ key: String, fallback: Bool) throws(PackageError) -> Bool {
        guard let value = take(key) else { return fallback }
        guard case .boolean(let flag) = value else {
            throw invalid(key, value, expected: "true or false")
        }
        return flag
    }

    /// Takes a text.
    mutating func takeText(_ key: String) throws(PackageError) -> String? {
        guard let value = take(key) else { return nil }
        guard case .string(let text) = value else { throw invalid(key, value, expected: "a text") }
        return text
    }

    /// Drops keys that do not change what the model computes.
    mutating func ignore(_ keys: [String]) {
        for key in keys { remaining.removeValue(forKey: key) }
    }

    /// Drops an option that is at one of its harmless values and refuses any other value.
    mutating func requireNeutral(
        _ keys: [String], orOneOf allowed: [JSONValue] = []
    ) throws(PackageError) {
        for key in keys {
            guard let value = take(key), !value.isNeutral, !allowed.contains(value) else {
                continue
            }
            throw .unsupportedOption(file: file, key: qualified(key), value: value.shown)
        }
    }

    /// Refuses every key that nobody has read, unless it is off.
    func finish() throws(PackageError) {
        for (key, value) in remaining.sorted(by: { $0.key < $1.key }) where !value.isNeutral {
            throw .unsupportedOption(file: file, key: qualified(key), value: value.shown)
        }
    }

    /// The error of a key whose value is not of the expected kind.
    func invalid(_ key: String, _ value: JSONValue, expected: String) -> PackageError {
        .invalidConfiguration(
            file: file, problem: "'\(qualified(key))' is \(value.shown)", expected: expected)
    }
}
