// The names of Python modules that a pickle may use, which is what state dicts and TorchScript
// archives are made of, and what each stands for here. Every other name is refused.
//
// Names after pytorch/pytorch, torch/_utils.py, torch/storage.py, torch/jit/_pickle.py and
// torch/csrc/jit/serialization/pickler.cpp.
//
// SPDX-License-Identifier: MIT

/// A name of a Python module that state dicts need.
public struct PickleGlobal: Sendable, Equatable {
    /// What the name stands for.
    enum Role: Sendable, Equatable {
        /// A dictionary that keeps its order.
        case orderedDictionary
        /// Makes a tensor of a storage, an offset, a shape and strides.
        case tensor
        /// The same with the element type as seventh argument.
        case typedTensor
        /// Gives back its first argument: a parameter's tensor, a shape, a list with its type.
        case firstArgument
        /// The type of a storage; nil for plain bytes.
        case storage(ElementType?)
        /// An element type.
        case elementType(ElementType)
        /// A class of a TorchScript archive.
        case scriptClass
        /// A scalar or type that no tensor is made of.
        case opaque
    }

    /// Module and name, separated by a dot.
    public let name: String
    let role: Role

    /// The name if it is one of those that are needed; nil for every other.
    init?(module: String, name: String) {
        let whole = "\(module).\(name)"
        if module.hasPrefix("__torch__") {
            role = .scriptClass
        } else if let known = Self.known[whole] {
            role = known
        } else {
            return nil
        }
        self.name = whole
    }

    private static let known: [String: Role] = {
        var roles: [String: Role] = [
            "collections.OrderedDict": .orderedDictionary,
            "torch._utils._rebuild_tensor": .tensor,
            "torch._utils._rebuild_tensor_v2": .tensor,
            "torch._utils._rebuild_tensor_v3": .typedTensor,
            "torch._utils._rebuild_parameter": .firstArgument,
            "torch.Size": .firstArgument,
            "torch.jit._pickle.build_intlist": .firstArgument,
            "torch.jit._pickle.build_doublelist": .firstArgument,
            "torch.jit._pickle.build_boollist": .firstArgument,
            "torch.jit._pickle.build_tensorlist": .firstArgument,
            "torch.jit._pickle.restore_type_tag": .firstArgument,
            "torch.storage.UntypedStorage": .storage(nil),
            "torch.UntypedStorage": .storage(nil),
            "torch.device": .opaque,
            "numpy.dtype": .opaque,
            "numpy.core.multiarray.scalar": .opaque,
            "numpy._core.multiarray.scalar": .opaque,
            "_codecs.encode": .opaque,
        ]
        let types: [(storage: String, names: [String], type: ElementType)] = [
            ("Double", ["float64", "double"], .float64), ("Float", ["float32", "float"], .float32),
            ("Half", ["float16", "half"], .float16), ("BFloat16", ["bfloat16"], .bfloat16),
            ("Long", ["int64", "long"], .int64), ("Int", ["int32", "int"], .int32),
            ("Short", ["int16", "short"], .int16), ("Char", ["int8"], .int8),
            ("Byte", ["uint8"], .uint8), ("Bool", ["bool"], .bool),
        ]
        for (storage, names, type) in types {
            roles["torch.\(storage)Storage"] = .storage(type)
            for name in names { roles["torch.\(name)"] = .elementType(type) }
        }
        return roles
    }()
}
