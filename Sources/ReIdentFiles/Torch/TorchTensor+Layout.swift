// Where the elements of a torch tensor lie in its storage: by strides, which may be those of a
// transposed matrix or of an image with its channels last.
//
// SPDX-License-Identifier: MIT

extension TorchTensor {
    /// How many elements it has; only of tensors without a `problem`.
    ///
    /// One extent of 0 makes it none, however large a file claims the others to be.
    var elementCount: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

    /// Whether its elements follow each other, row by row.
    var isContiguous: Bool {
        guard elementCount > 0 else { return true }
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() {
            if extent != 1, stride != expected { return false }
            expected *= extent
        }
        return true
    }

    /// What is wrong with its place in a storage of so many bytes; nil if nothing is.
    ///
    /// Elements may not share bytes: else a file of a few bytes could describe a billion of them.
    func problem(inBytes size: Int) -> String? {
        let storageElement = storage.elementType?.byteCount ?? 1
        let (announced, tooLarge) = storage.count.multipliedReportingOverflow(by: storageElement)
        guard !tooLarge, announced == size else {
            return "lies in memory announced as \(storage.count) elements of \(storageElement) "
                + "bytes, and \(size) bytes are there. The file is damaged."
        }
        if let type = storage.elementType, type != elementType {
            return "has elements of type \(elementType.rawValue) in memory of type "
                + "\(type.rawValue). The file is damaged."
        }
        guard shape.count == strides.count, offset >= 0, shape.allSatisfy({ $0 >= 0 }),
            strides.allSatisfy({ $0 >= 0 })
        else {
            return "has the shape \(shape) with the strides \(strides) from element \(offset) on, "
                + "which no tensor has. The file is damaged."
        }
        if shape.contains(0) { return nil }
        var last = offset
        for (extent, stride) in zip(shape, strides) {
            let (distance, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, overflowAgain) = last.addingReportingOverflow(distance)
            guard !overflow, !overflowAgain else { return outside(size) }
            last = sum
        }
        guard last < size / elementType.byteCount else { return outside(size) }
        var reach = 0  // how far the dimensions inside the next one go
        for (extent, stride) in zip(shape, strides).filter({ $0.0 > 1 })
            .sorted(by: { $0.1 < $1.1 })
        {
            guard stride > reach else {
                return "has the shape \(shape) with the strides \(strides), in which elements "
                    + "share their place. Save a contiguous copy of it."
            }
            reach += (extent - 1) * stride
        }
        return nil
    }

    private func outside(_ size: Int) -> String {
        "has the shape \(shape) with the strides \(strides) from element \(offset) on, which "
            + "reaches beyond its \(size) bytes. The file is damaged."
    }

    /// The elements row by row, from a storage without a `problem`.
    func gathered(from storage: UnsafeRawBufferPointer) -> [UInt8] {
        let size = elementType.byteCount
        let total = elementCount
        return [UInt8](unsafeUninitializedCapacity: total * size) { target, count in
            count = total * size
            guard total > 0 else { return }
            let target = UnsafeMutableRawBufferPointer(target)
            var index = [Int](repeating: 0, count: shape.count)
            var source = offset
            for element in 0..<total {
                for byte in 0..<size {
                    target[element * size + byte] = storage[source * size + byte]
                }
                var axis = shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    source += strides[axis]
                    if index[axis] < shape[axis] { break }
                    source -= shape[axis] * strides[axis]
                    index[axis] = 0
                    axis -= 1
                }
            }
        }
    }
}
