// Plain memory that several threads use at once, each knowing what it may touch.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Memory that is only read while it is shared.
// SAFETY: nobody writes to the memory while a value of this type exists.
struct SharedValues<Element: Sendable>: @unchecked Sendable {
    let pointer: UnsafeBufferPointer<Element>

    init(_ pointer: UnsafeBufferPointer<Element>) { self.pointer = pointer }

    subscript(index: Int) -> Element { pointer[index] }
}

/// Memory in which every thread writes to places of its own.
// SAFETY: used only inside a parallel loop whose iterations write to places that do not overlap
// and read no place that another iteration writes to; the loop ends before anyone else looks.
struct DisjointValues<Element>: @unchecked Sendable {
    let pointer: UnsafeMutableBufferPointer<Element>

    init(_ pointer: UnsafeMutableBufferPointer<Element>) { self.pointer = pointer }

    subscript(index: Int) -> Element {
        get { pointer[index] }
        nonmutating set { pointer[index] = newValue }
    }
}

/// The results of `body` for `0 ..< count`, computed on all cores.
func parallelMap<Result: Sendable>(
    count: Int, chunk: Int = 16, _ body: @Sendable (_ index: Int) -> Result
) -> [Result] {
    [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
        let results = DisjointValues(buffer)
        parallelForEach(count: count, chunk: chunk) { index in
            results.pointer.initializeElement(at: index, to: body(index))
        }
        initialized = count
    }
}
