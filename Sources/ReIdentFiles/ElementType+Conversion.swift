// Conversion of stored floating-point elements to and from single precision.
//
// Half precision is converted by integer and float arithmetic instead of Swift's `Float16`, which
// calls a library function for each element on x86-64 and does not exist on Intel Macs.
//
// SPDX-License-Identifier: MIT

extension ElementType {
    /// Converts stored elements to single precision.
    ///
    /// - Parameters:
    ///   - source: Elements of this type; need not be aligned.
    ///   - target: As many values as `source` has elements. Doubles are rounded to nearest even.
    public func convert(
        _ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(isFloatingPoint, "only floating-point elements are converted")
        precondition(source.count == target.count * byteCount, "counts differ")
        switch self {
        case .float32:
            UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
        case .float64:
            for index in target.indices {
                target[index] = Float(
                    source.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
            }
        case .float16:
            for index in target.indices {
                let bits = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                target[index] = Float(halfBits: UInt16(littleEndian: bits))
            }
        default:
            for index in target.indices {
                let bits = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                target[index] = Float(brainBits: UInt16(littleEndian: bits))
            }
        }
    }

    /// Converts single precision to elements of this type, rounding to nearest even.
    ///
    /// - Parameters:
    ///   - source: The values.
    ///   - target: `byteCount` bytes for each value; need not be aligned.
    public func convert(
        from source: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawBufferPointer
    ) {
        precondition(isFloatingPoint, "only floating-point elements are converted")
        precondition(target.count == source.count * byteCount, "counts differ")
        switch self {
        case .float32:
            target.copyMemory(from: UnsafeRawBufferPointer(source))
        case .float64:
            for index in source.indices {
                target.storeBytes(
                    of: Double(source[index]), toByteOffset: index * 8, as: Double.self)
            }
        case .float16:
            for index in source.indices {
                target.storeBytes(
                    of: source[index].halfBits.littleEndian, toByteOffset: index * 2,
                    as: UInt16.self)
            }
        default:
            for index in source.indices {
                target.storeBytes(
                    of: source[index].brainBits.littleEndian, toByteOffset: index * 2,
                    as: UInt16.self)
            }
        }
    }

    /// The values as bytes of this type, rounded to nearest even.
    public func bytes(of values: [Float]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: values.count * byteCount) { buffer, count in
            count = values.count * byteCount
            values.withUnsafeBufferPointer { source in
                convert(from: source, to: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    /// The values stored in bytes of this type.
    public func values(of source: UnsafeRawBufferPointer) -> [Float] {
        let total = source.count / byteCount
        return [Float](unsafeUninitializedCapacity: total) { buffer, count in
            convert(source, to: UnsafeMutableBufferPointer(rebasing: buffer[..<total]))
            count = total
        }
    }
}

extension Float {
    /// The value of a half-precision bit pattern; exact.
    @inlinable
    public init(halfBits: UInt16) {
        let magnitude = UInt32(halfBits & 0x7FFF) << 13
        // Moving the exponent's bias from 15 to 127 is a product with 2^112, subnormals included.
        var bits = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        if magnitude >= 0x0F80_0000 { bits |= 0x7F80_0000 }  // infinity and NaN
        self.init(bitPattern: bits | UInt32(halfBits & 0x8000) << 16)
    }

    /// The value of a bfloat16 bit pattern; exact.
    @inlinable
    public init(brainBits: UInt16) {
        self.init(bitPattern: UInt32(brainBits) << 16)
    }

    /// The nearest half-precision bit pattern, ties to even; too large becomes infinity.
    @inlinable
    public var halfBits: UInt16 {
        let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
        let magnitude = bitPattern & 0x7FFF_FFFF
        let rounded: UInt32
        if magnitude > 0x7F80_0000 {
            rounded = 0x7E00  // every NaN becomes the quiet one
        } else if magnitude >= 0x477F_F000 {  // 65,520, halfway to the first value out of range
            rounded = 0x7C00
        } else if magnitude < 0x3880_0000 {  // below 2^-14: adding 0.5 rounds to units of 2^-24
            rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern - 0x3F00_0000
        } else {
            rounded = (magnitude - 0x3800_0000 + 0x0FFF + (magnitude >> 13) & 1) >> 13
        }
        return sign | UInt16(truncatingIfNeeded: rounded)
    }

    /// The nearest bfloat16 bit pattern, ties to even.
    @inlinable
    public var brainBits: UInt16 {
        if bitPattern & 0x7FFF_FFFF > 0x7F80_0000 {  // a NaN must not round to infinity
            return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x0040
        }
        let rounded = UInt64(bitPattern) + 0x7FFF + UInt64(bitPattern >> 16) & 1
        return UInt16(truncatingIfNeeded: rounded >> 16)
    }
}
