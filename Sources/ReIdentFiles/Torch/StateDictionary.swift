// Finds the named tensors in what a torch file describes: a state dict, one inside a training
// checkpoint, or the modules of a TorchScript archive, whose names are joined by dots.
//
// SPDX-License-Identifier: MIT

/// The tensors of a pickle by their names in a state dict.
struct StateDictionary {
    private(set) var names: [String] = []
    private(set) var tensors: [String: TorchTensor] = [:]

    private let pickle: Pickle
    private let path: String
    private var visited = 0

    /// The names that training programs store a state dict under.
    private static let wrappers = ["state_dict", "model_state_dict", "model"]
    /// How deep modules may lie in each other.
    private static let deepest = 64
    /// How many values are looked at: modules that share others could be a billion by name.
    private static let mostVisited = 250_000

    /// Looks for tensors.
    init(_ pickle: Pickle, path: String) throws(FileError) {
        self.pickle = pickle
        self.path = path
        var root = pickle.root
        if case .object? = pickle.node(root) {
            try addModule(root, prefix: "", depth: 0)
        } else {
            try addMembers(of: root)
            for key in Self.wrappers where names.isEmpty {
                guard let inner = pickle.member(key, of: pickle.root) else { continue }
                root = inner
                try addMembers(of: inner)
            }
        }
        guard !names.isEmpty else {
            throw .badData(
                path,
                "holds no state dict: \(found(pickle.root)). Expected named tensors, or a "
                    + "dictionary with them under 'state_dict'.")
        }
    }

    private mutating func add(_ name: String, _ tensor: TorchTensor) {
        if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
    }

    private mutating func addMembers(of value: PickleValue) throws(FileError) {
        guard case .dictionary(let members)? = pickle.node(value) else { return }
        for member in members {
            guard case .text(let name) = member.key,
                case .tensor(let tensor)? = pickle.node(member.value)
            else { continue }
            add(name, tensor)
        }
    }

    private mutating func addModule(
        _ value: PickleValue, prefix: String, depth: Int
    ) throws(FileError) {
        guard case .object(_, let state)? = pickle.node(value),
            case .dictionary(let attributes)? = pickle.node(state)
        else { return }
        guard depth < Self.deepest else {
            throw .badData(
                path,
                "has modules nested more than \(Self.deepest) deep, or one that contains itself, "
                    + "which no model has.")
        }
        for attribute in attributes {
            visited += 1
            guard visited <= Self.mostVisited else {
                throw .badData(
                    path,
                    "has more than \(Self.mostVisited) attributes by name, many times what the "
                        + "largest models have.")
            }
            guard case .text(let name) = attribute.key else { continue }
            switch pickle.node(attribute.value) {
            case .tensor(let tensor): add(prefix + name, tensor)
            case .object:
                try addModule(attribute.value, prefix: "\(prefix)\(name).", depth: depth + 1)
            default: continue
            }
        }
    }

    /// What a value is, for a sentence.
    private func found(_ value: PickleValue) -> String {
        switch pickle.node(value) {
        case .dictionary(let members):
            let keys = members.compactMap { member -> String? in
                if case .text(let key) = member.key { "'\(key)'" } else { nil }
            }
            return keys.isEmpty
                ? "it is a dictionary without names"
                : "it has \(keys.prefix(5).joined(separator: ", "))"
                    + (keys.count > 5 ? " and \(keys.count - 5) more" : "")
        case .tensor: return "it is a single tensor"
        case .list, .tuple: return "it is a list"
        default: return "it is a single value"
        }
    }
}
