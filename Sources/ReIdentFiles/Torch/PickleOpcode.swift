// The instructions of Python's pickle machine that are understood, up to protocol 5.
// Codes after CPython's Lib/pickletools.py.
//
// SPDX-License-Identifier: MIT

/// One instruction of a pickle; what it does is said where it is carried out.
enum PickleOpcode: UInt8 {
    case mark = 0x28
    case emptyTuple = 0x29
    case stop = 0x2E
    case pop = 0x30
    case popMark = 0x31
    case duplicate = 0x32
    case bytes = 0x42
    case shortBytes = 0x43
    case number = 0x47
    case integer = 0x4A
    case byteInteger = 0x4B
    case shortInteger = 0x4D
    case none = 0x4E
    case persistentIdentifier = 0x51
    case reduce = 0x52
    case string = 0x54
    case shortString = 0x55
    case text = 0x58
    case emptyList = 0x5D
    case append = 0x61
    case build = 0x62
    case global = 0x63
    case dictionary = 0x64
    case appendAll = 0x65
    case getShort = 0x68
    case instance = 0x69
    case get = 0x6A
    case list = 0x6C
    case putShort = 0x71
    case put = 0x72
    case setItem = 0x73
    case tuple = 0x74
    case setItems = 0x75
    case emptyDictionary = 0x7D
    case version = 0x80
    case newObject = 0x81
    case tupleOfOne = 0x85
    case tupleOfTwo = 0x86
    case tupleOfThree = 0x87
    case yes = 0x88
    case no = 0x89
    case shortLong = 0x8A
    case long = 0x8B
    case shortText = 0x8C
    case longText = 0x8D
    case longBytes = 0x8E
    case stackGlobal = 0x93
    case memoize = 0x94
    case frame = 0x95
}
