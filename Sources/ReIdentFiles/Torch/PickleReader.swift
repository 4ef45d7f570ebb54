// Reads pickles of tensors without running them. A pickle is a program: in Python, loading one may
// call anything. Here only names that state dicts need are accepted, they build plain data, and
// memory is bounded by the pickle's own size and by a count of its values.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A restricted reader of Python's pickle format, protocols 2 to 5.
public struct PickleReader {
    /// What one pickle may hold at most.
    public struct Limits: Sendable {
        /// Bytes of the pickle itself.
        public var bytes = 64 << 20
        /// Values of any kind, those that are put aside and taken again included.
        public var values = 1_000_000

        /// The limits for files of weights: the largest models with the state of their optimiser
        /// need a tenth.
        public static let standard = Limits()
    }

    private let limits: Limits
    var input: PickleCursor
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    var nodes: [PickleNode] = []
    private var valueCount = 0

    /// A reader of a pickle.
    ///
    /// - Parameters:
    ///   - bytes: The pickle; what follows its end mark is not looked at.
    ///   - name: The file, for messages.
    ///   - limits: What it may hold at most.
    public init(_ bytes: [UInt8], name: String, limits: Limits = .standard) {
        input = PickleCursor(bytes: bytes, name: name)
        self.limits = limits
    }

    /// Reads the pickle.
    ///
    /// - Returns: Its value as data.
    /// - Throws: `FileError` of kind `badData`, with the name it asks for if that is not allowed.
    public func read() throws(FileError) -> Pickle {
        var machine = self
        return try machine.run()
    }

    private mutating func run() throws(FileError) -> Pickle {
        guard input.bytes.count <= limits.bytes else {
            throw .badData(
                input.name,
                "is a pickle of \(input.bytes.count) bytes; at most \(limits.bytes) are read, many "
                    + "times what the largest models need.")
        }
        while true {
            let code = try input.byte()
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw fault("has the instruction \(code), which state dicts do not use")
            }
            guard opcode != .stop else { break }
            try perform(opcode)
        }
        guard marks.isEmpty, stack.count == 1 else {
            throw fault("ends with \(stack.count) values where one is expected")
        }
        return Pickle(root: stack[0], nodes: nodes, byteCount: input.position)
    }

    private mutating func perform(_ opcode: PickleOpcode) throws(FileError) {
        switch opcode {
        case .version:
            let version = try input.byte()
            guard version <= 5 else { throw fault("is of protocol \(version); 2 to 5 are read") }
        case .frame: _ = try input.count(8)
        case .stop: break
        case .none: try push(.none)
        case .yes: try push(.boolean(true))
        case .no: try push(.boolean(false))
        case .byteInteger: try push(.integer(Int(input.byte())))
        case .shortInteger: try push(.integer(input.count(2)))
        case .integer: try push(.integer(Int(Int32(truncatingIfNeeded: input.number(4)))))
        case .shortLong: try push(input.long(input.count(1)))
        case .long: try push(input.long(input.count(4)))
        case .number:
            try push(.number(Double(bitPattern: input.number(8).byteSwapped)))
        case .text: try push(.text(input.text(input.count(4))))
        case .shortText, .shortString: try push(.text(input.text(input.count(1))))
        case .longText: try push(.text(input.text(input.count(8))))
        case .string: try push(.text(input.text(input.count(4))))
        case .shortBytes: try pushBytes(input.count(1))
        case .bytes: try pushBytes(input.count(4))
        case .longBytes: try pushBytes(input.count(8))
        case .global:
            let module = try input.line()
            try push(global(module, input.line()))
        case .instance:  // the oldest way to make an object; only the name is of interest
            let module = try input.line()
            _ = try global(module, input.line())
            throw fault("makes an object in a way that state dicts do not")
        case .stackGlobal:
            guard case .text(let last) = try pop(), case .text(let module) = try pop() else {
                throw fault("asks for something without a name")
            }
            try push(global(module, last))
        default: try performOnStack(opcode)
        }
    }

    /// Carries out what needs nothing but the values read so far, and numbers of the memo.
    private mutating func performOnStack(_ opcode: PickleOpcode) throws(FileError) {
        switch opcode {
        case .mark:
            try countValue()
            marks.append(stack.count)
        case .pop: _ = try pop()
        case .popMark: _ = try popMarked()
        case .duplicate: try push(top())
        case .emptyTuple: try push(.tuple([]))
        case .tupleOfOne: try pushTuple(1)
        case .tupleOfTwo: try pushTuple(2)
        case .tupleOfThree: try pushTuple(3)
        case .tuple: try push(.tuple(popMarked()))
        case .emptyList: try push(.list([]))
        case .list: try push(.list(popMarked()))
        case .emptyDictionary: try push(.dictionary([]))
        case .dictionary: try push(.dictionary(members(popMarked())))
        case .append: try appendItems([pop()])
        case .appendAll: try appendItems(popMarked())
        case .setItem:
            let value = try pop()
            try addMembers([PickleMember(key: pop(), value: value)])
        case .setItems: try addMembers(members(popMarked()))
        case .putShort: try remember(input.count(1))
        case .put: try remember(input.count(4))
        case .memoize: try remember(memo.count)
        case .getShort: try recall(input.count(1))
        case .get: try recall(input.count(4))
        case .persistentIdentifier: try push(.storage(storage(pop())))
        case .reduce:
            let arguments = try elements(pop(), "are called with")
            try call(pop(), with: arguments)
        case .newObject:
            let arguments = try elements(pop(), "are made with")
            try call(pop(), with: arguments)
        case .build:
            let state = try pop()
            try build(with: state)
        default: throw fault("has the instruction \(opcode) out of place")
        }
    }
}

// The stack, the memo and the containers.
extension PickleReader {
    private mutating func countValue() throws(FileError) {
        valueCount += 1
        guard valueCount <= limits.values else {
            throw fault(
                "holds more than \(limits.values) values, many times what the largest models need")
        }
    }

    mutating func push(_ value: PickleValue) throws(FileError) {
        try countValue()
        stack.append(value)
    }

    mutating func push(_ node: PickleNode) throws(FileError) {
        nodes.append(node)
        try push(.node(nodes.count - 1))
    }

    private mutating func pushTuple(_ count: Int) throws(FileError) {
        guard stack.count - (marks.last ?? 0) >= count else { throw fault(Self.emptyStack) }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        try push(.tuple(values))
    }

    private static let emptyStack = "takes a value where none is left"

    func top() throws(FileError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw fault(Self.emptyStack)
        }
        return value
    }

    private mutating func pop() throws(FileError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    /// Everything above the last mark, which is taken away.
    private mutating func popMarked() throws(FileError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw fault("takes a group that was not begun") }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private mutating func remember(_ place: Int) throws(FileError) {
        try countValue()
        memo[place] = try top()
    }

    private mutating func recall(_ place: Int) throws(FileError) {
        guard let value = memo[place] else {
            throw fault("takes up value \(place), which was never put aside")
        }
        try push(value)
    }

    private func members(_ values: [PickleValue]) throws(FileError) -> [PickleMember] {
        guard values.count.isMultiple(of: 2) else { throw fault("has a key without a value") }
        return stride(from: 0, to: values.count, by: 2).map {
            PickleMember(key: values[$0], value: values[$0 + 1])
        }
    }

    private mutating func appendItems(_ items: [PickleValue]) throws(FileError) {
        guard case .node(let place) = try top(), case .list(var list) = nodes[place] else {
            throw fault("adds to something that is no list")
        }
        nodes[place] = .tuple([])  // so that the list has one owner and grows in place
        list.append(contentsOf: items)
        nodes[place] = .list(list)
    }

    private mutating func addMembers(_ items: [PickleMember]) throws(FileError) {
        let value = try top()
        if value == .opaque { return }
        guard case .node(let place) = value, case .dictionary(var dictionary) = nodes[place] else {
            throw fault("adds entries to something that is no dictionary")
        }
        nodes[place] = .tuple([])
        dictionary.append(contentsOf: items)
        nodes[place] = .dictionary(dictionary)
    }

    func elements(
        _ value: PickleValue, _ use: String
    ) throws(FileError) -> [PickleValue] {
        guard case .node(let place) = value, case .tuple(let values) = nodes[place] else {
            throw fault("has something other than a tuple where arguments \(use)")
        }
        return values
    }
}

extension PickleReader {
    func fault(_ problem: String) -> FileError {
        .badData(
            input.name,
            "\(problem) (byte \(input.position) of the pickle). It is no file of weights, or a "
                + "damaged one.")
    }

    private mutating func pushBytes(_ count: Int) throws(FileError) {
        _ = try input.take(count)
        try push(.opaque)
    }
}
