// What the names in a pickle stand for: dictionaries, storages, tensors, modules. Calling one makes
// plain data.
//
// SPDX-License-Identifier: MIT

extension PickleReader {
    func global(_ module: String, _ last: String) throws(FileError) -> PickleValue {
        guard let global = PickleGlobal(module: module, name: last) else {
            throw .badData(
                input.name,
                "is a pickle that asks for '\(module).\(last)', which no file of weights needs. "
                    + "Nothing of it was run. Do not open the file in Python unless you trust who "
                    + "made it; its maker can save the state dict as .safetensors.")
        }
        return .global(global)
    }

    mutating func call(
        _ callable: PickleValue, with arguments: [PickleValue]
    ) throws(FileError) {
        guard case .global(let global) = callable else {
            throw fault("calls something that has no name")
        }
        switch global.role {
        case .orderedDictionary: try push(.dictionary(pairs(arguments)))
        case .tensor: try push(.tensor(tensor(arguments, type: nil)))
        case .typedTensor:
            guard arguments.count > 6, case .global(let named) = arguments[6],
                case .elementType(let type) = named.role
            else { throw fault("has a tensor without an element type that is known") }
            try push(.tensor(tensor(arguments, type: type)))
        case .firstArgument:
            guard let first = arguments.first else {
                throw fault("calls '\(global.name)' without an argument")
            }
            try push(first)
        case .scriptClass: try push(.object(type: global.name, state: .none))
        case .opaque: try push(.opaque)
        case .storage, .elementType:
            throw fault("calls '\(global.name)', which is a type")
        }
    }

    /// Gives an object its attributes; what a dictionary or tensor has beside its contents is left.
    mutating func build(with state: PickleValue) throws(FileError) {
        switch try top() {
        case .opaque: break
        case .node(let place):
            switch nodes[place] {
            case .object(let type, _): nodes[place] = .object(type: type, state: state)
            case .dictionary, .tensor: break
            default: throw fault("gives attributes to something that has none")
            }
        default: throw fault("gives attributes to something that has none")
        }
    }

    /// The entries of a dictionary that is made of a list of pairs, or of nothing.
    private func pairs(_ arguments: [PickleValue]) throws(FileError) -> [PickleMember] {
        guard let first = arguments.first else { return [] }
        guard case .node(let place) = first, case .list(let items) = nodes[place] else {
            throw fault("makes a dictionary of something other than pairs")
        }
        var members: [PickleMember] = []
        for item in items {
            guard case .node(let place) = item else {
                throw fault("makes a dictionary of something other than pairs")
            }
            switch nodes[place] {
            case .tuple(let pair) where pair.count == 2, .list(let pair) where pair.count == 2:
                members.append(PickleMember(key: pair[0], value: pair[1]))
            default: throw fault("makes a dictionary of something other than pairs")
            }
        }
        return members
    }

    /// ('storage', type, key, device, count), and in the old file format the part it is a view of.
    func storage(_ value: PickleValue) throws(FileError) -> TorchStorage {
        let parts = try elements(value, "name a storage")
        guard parts.count == 5 || parts.count == 6, parts[0] == .text("storage"),
            case .global(let global) = parts[1], case .storage(let type) = global.role,
            case .text(let key) = parts[2], case .integer(let count) = parts[4], count >= 0
        else { throw fault("names the memory of a tensor in an unknown way") }
        guard parts.count == 5 || parts[5] == .none else {
            throw fault("has a storage that is part of another, which only old files had")
        }
        return TorchStorage(key: key, elementType: type, count: count)
    }

    private func tensor(
        _ arguments: [PickleValue], type: ElementType?
    ) throws(FileError) -> TorchTensor {
        guard arguments.count >= 4, case .node(let place) = arguments[0],
            case .storage(let storage) = nodes[place], case .integer(let offset) = arguments[1]
        else { throw fault("has a tensor that lies in no storage") }
        let shape = try wholeNumbers(arguments[2])
        let strides = try wholeNumbers(arguments[3])
        guard let type = type ?? storage.elementType else {
            throw fault("has a tensor without an element type")
        }
        return TorchTensor(
            storage: storage, elementType: type, offset: offset, shape: shape, strides: strides)
    }

    private func wholeNumbers(_ value: PickleValue) throws(FileError) -> [Int] {
        var numbers: [Int] = []
        for element in try elements(value, "are a shape") {
            guard case .integer(let number) = element else {
                throw fault("has a shape of something other than whole numbers")
            }
            numbers.append(number)
        }
        return numbers
    }
}
