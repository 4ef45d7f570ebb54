// What a pickle describes, as data: nothing of it is a Python object, and nothing was called.
//
// Values that hold others lie in one list and refer to each other by their place in it. So a list
// that contains itself is no cycle of memory, and one nested a million deep no recursion.
//
// SPDX-License-Identifier: MIT

/// One value of a pickle.
public enum PickleValue: Sendable, Equatable {
    /// `None`.
    case none
    /// True or false.
    case boolean(Bool)
    /// A whole number of at most 64 bits.
    case integer(Int)
    /// A floating-point number.
    case number(Double)
    /// A text.
    case text(String)
    /// A value no tensor is made of: bytes, a large number, a scalar of NumPy.
    case opaque
    /// Something of a Python module that is on the list of what state dicts need.
    case global(PickleGlobal)
    /// A value that holds others, by its place in `Pickle.nodes`.
    case node(Int)
}

/// A value of a pickle that holds others.
public enum PickleNode: Sendable, Equatable {
    /// A list.
    case list([PickleValue])
    /// A tuple, or a shape.
    case tuple([PickleValue])
    /// A dictionary in the order it was filled; a later entry of the same key counts.
    case dictionary([PickleMember])
    /// A module of a TorchScript archive; its state holds its attributes.
    case object(type: String, state: PickleValue)
    /// The memory that tensors lie in.
    case storage(TorchStorage)
    /// A tensor.
    case tensor(TorchTensor)
}

/// One entry of a dictionary.
public struct PickleMember: Sendable, Equatable {
    /// The key.
    public let key: PickleValue
    /// What it stands for.
    public let value: PickleValue
}

/// The memory that tensors lie in, as a pickle announces it; nothing of it is checked yet.
public struct TorchStorage: Sendable, Equatable {
    /// The name of its bytes beside the pickle.
    public let key: String
    /// The type of its elements; nil for plain bytes, whose type the tensor says.
    public let elementType: ElementType?
    /// How many elements (or bytes) it is said to have.
    public let count: Int
}

/// A tensor as a pickle describes it; nothing of it is checked yet.
public struct TorchTensor: Sendable, Equatable {
    /// Where it lies.
    public let storage: TorchStorage
    /// The type of its elements.
    public let elementType: ElementType
    /// Its first element in the storage.
    public let offset: Int
    /// Its dimensions.
    public let shape: [Int]
    /// How many elements of the storage lie between neighbours of each dimension.
    public let strides: [Int]
}

/// A pickle that has been read.
public struct Pickle: Sendable {
    /// The value itself.
    public let root: PickleValue
    /// All values that hold others.
    public let nodes: [PickleNode]
    /// How many bytes it took, its end mark included.
    public let byteCount: Int

    /// What a value holds; nil if it is a single one.
    public func node(_ value: PickleValue) -> PickleNode? {
        guard case .node(let place) = value, nodes.indices.contains(place) else { return nil }
        return nodes[place]
    }

    /// The entry of a dictionary with the given text as its key, the last if there are several.
    public func member(_ key: String, of value: PickleValue) -> PickleValue? {
        guard case .dictionary(let members)? = node(value) else { return nil }
        return members.last { $0.key == .text(key) }?.value
    }
}
