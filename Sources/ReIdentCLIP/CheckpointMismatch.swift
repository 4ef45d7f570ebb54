// Says everything that keeps weights from fitting a configuration, at once and briefly: tensors
// that differ only in their block's number share a line.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Why a file of weights does not fit the configuration beside it.
public struct CheckpointMismatch: DiagnosedError, Equatable {
    /// One tensor whose stored shape differs from the configured one.
    public struct WrongShape: Equatable, Sendable {
        /// Name of the tensor.
        public let tensor: String
        /// Shape the configuration gives it.
        public let expected: [Int]
        /// Shape in the file.
        public let found: [Int]
    }

    /// The file of weights.
    public let path: String
    /// Name of the configuration the weights were held against.
    public let architecture: String
    /// Tensors the configuration has and the file lacks, sorted.
    public let missing: [String]
    /// Tensors the file has and the configuration lacks, sorted.
    public let unexpected: [String]
    /// Tensors that both have, in different shapes, sorted by name.
    public let wrongShapes: [WrongShape]
    /// What would fit instead, as a sentence; nil where nothing is known to.
    public let advice: String?

    public var kind: FailureKind { .badData }

    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty {
            parts.append("\(missing.count) missing (\(Self.listed(missing)))")
        }
        if !unexpected.isEmpty {
            parts.append("\(unexpected.count) unexpected (\(Self.listed(unexpected)))")
        }
        if !wrongShapes.isEmpty {
            var names: [String: [String]] = [:]
            for wrong in wrongShapes {
                names["is \(wrong.found), needs \(wrong.expected)", default: []]
                    .append(wrong.tensor)
            }
            let lines = names.sorted { $0.value[0] < $1.value[0] }
                .map { "\(Self.listed($0.value)) \($0.key)" }
            parts.append("\(wrongShapes.count) misshapen (\(lines.joined(separator: "; ")))")
        }
        return "\(path): the tensors do not fit \(architecture): \(parts.joined(separator: "; ")). "
            + (advice ?? "Use the configuration that was saved with these weights.")
    }

    /// Names in quotes, those alike but for the number of their block folded into one.
    static func listed(_ names: [String]) -> String {
        var order: [String] = []
        var numbers: [String: [Int]] = [:]
        for name in names {
            guard let (pattern, number) = numbered(name) else {
                order.append(name)
                continue
            }
            if numbers[pattern] == nil { order.append(pattern) }
            numbers[pattern, default: []].append(number)
        }
        return order.map { pattern in
            guard let found = numbers[pattern]?.sorted() else { return "'\(pattern)'" }
            return "'\(pattern.replacingFirst("*", with: ranges(found)))'"
        }.joined(separator: ", ")
    }

    /// A name with its first all-digit component replaced by `*`, and that number.
    private static func numbered(_ name: String) -> (pattern: String, number: Int)? {
        var components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard !name.contains("*"), let index = components.firstIndex(where: { Int($0) != nil }),
            let number = Int(components[index]), String(number) == components[index]
        else { return nil }
        components[index] = "*"
        return (components.joined(separator: "."), number)
    }

    /// `[0, 1, 2, 5]` as `{0-2, 5}`; one number stands alone.
    private static func ranges(_ numbers: [Int]) -> String {
        if numbers.count == 1 { return String(numbers[0]) }
        var runs: [(first: Int, last: Int)] = []
        for number in numbers {
            // Names may hold any number, the greatest there is as well.
            if let run = runs.last, number == run.last &+ 1 {
                runs[runs.count - 1].last = number
            } else {
                runs.append((number, number))
            }
        }
        let parts = runs.map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }
        return "{" + parts.joined(separator: ", ") + "}"
    }
}

extension String {
    fileprivate func replacingFirst(_ character: Character, with text: String) -> String {
        guard let index = firstIndex(of: character) else { return self }
        return self[..<index] + text + self[self.index(after: index)...]
    }
}
