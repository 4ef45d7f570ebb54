// The C graph as an object that is freed once.
//
// SPDX-License-Identifier: MIT

import CNearestNeighbours

/// Numbered places that are linked with near ones.
// SAFETY: the graph is hnswlib's, which takes several threads at once for one kind of work; that
// kinds do not mix is up to ``ApproximateSearch``, which alone holds one.
final class NeighbourGraph: @unchecked Sendable {
    /// How a graph is made, and what it says when stored.
    struct Form: Equatable {
        /// D.
        var dimension: Int
        /// Links of a place on a level.
        var neighbours: Int
        /// Candidates among which a new place's neighbours are chosen.
        var effort: Int

        var inC: reident_graph_form {
            reident_graph_form(dimension: dimension, neighbours: neighbours, effort: effort)
        }
    }

    /// A graph's parts as a file holds them.
    struct Parts {
        var head: reident_graph_head
        var levels: [Int32]
        var upper: [UInt8]
    }

    let form: Form
    let middle: [Float]
    private let handle: OpaquePointer

    /// An empty graph.
    init(_ form: Form, middle: [Float], capacity: Int) throws(IndexError) {
        var inC = form.inC
        guard let handle = reident_graph_create(&inC, middle, capacity) else { throw Self.failure }
        (self.form, self.middle, self.handle) = (form, middle, handle)
    }

    /// A stored graph.
    init(
        _ form: Form, middle: [Float], parts: Parts, places: UnsafeRawBufferPointer
    ) throws(IndexError) {
        var (inC, head) = (form.inC, parts.head)
        let bytes = places.bindMemory(to: UInt8.self)
        guard
            let handle = reident_graph_restore(
                &inC, middle, &head, bytes.baseAddress, bytes.count, parts.levels, parts.upper,
                parts.upper.count)
        else { throw Self.failure }
        (self.form, self.middle, self.handle) = (form, middle, handle)
    }

    deinit { reident_graph_free(handle) }

    /// What the last call of this thread that failed says.
    private static var failure: IndexError {
        .graph(problem: String(cString: reident_graph_problem()))
    }

    /// Places, removed ones included.
    var count: Int { reident_graph_count(handle) }

    func reserve(_ capacity: Int) throws(IndexError) {
        guard reident_graph_reserve(handle, capacity) == 0 else { throw Self.failure }
    }

    func add(_ vector: UnsafePointer<Float>, at place: Int) throws(IndexError) {
        guard reident_graph_add(handle, place, vector) == 0 else { throw Self.failure }
    }

    func remove(_ place: Int) throws(IndexError) {
        guard reident_graph_remove(handle, place) == 0 else { throw Self.failure }
    }

    /// Up to `count` places near a vector.
    func places(near vector: UnsafePointer<Float>, count: Int) throws(IndexError) -> [UInt32] {
        var places = [UInt32](repeating: 0, count: count)
        var found = 0
        guard reident_graph_search(handle, vector, count, &places, &found) == 0 else {
            throw Self.failure
        }
        return Array(places.prefix(found))
    }

    /// Bytes of a place.
    var placeSize: Int { reident_graph_place_size(handle) }

    /// The bytes of all places; valid until the graph is changed or let go.
    var places: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reident_graph_places(handle), count: count * placeSize)
    }

    /// Everything else that a file has to hold.
    var parts: Parts {
        var parts = Parts(
            head: reident_graph_head(), levels: Array(repeating: 0, count: count),
            upper: Array(repeating: 0, count: reident_graph_upper_size(handle)))
        reident_graph_store(handle, &parts.head, &parts.levels, &parts.upper)
        return parts
    }
}
