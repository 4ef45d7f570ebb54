// The loader: order, bounds, errors beside images, cancellation.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Image loader")
struct ImageLoaderTests {
    /// Sources that count how many have been read; every seventh from `bad` on is no image.
    private func sources(_ count: Int, bad: Int? = nil, reads: Counter) throws -> [ImageSource] {
        try (0..<count).map { index in
            let image = pattern(width: 4 + index % 5, height: 9)
            let bytes = try ImageEncoder.png(image)
            let isBad = bad.map { index >= $0 && (index - $0) % 7 == 0 } ?? false
            return ImageSource(name: "image \(index)") {
                reads.increment()
                return isBad ? Array("text".utf8) : bytes
            }
        }
    }

    @Test("images come in the order of their sources", arguments: [1, 3, 64])
    func keepsOrder(depth: Int) async throws {
        let sources = try sources(50, reads: Counter())
        let loader = ImageLoader(preprocessing: .letterbox, side: 16, depth: depth)
        var next = 0
        for try await element in loader.images(of: sources) {
            #expect(element.index == next)
            #expect(try element.result.get() == loader.prepare(sources[next]))
            next += 1
        }
        #expect(next == 50)
    }

    @Test("no more than `depth` images are read ahead of the one taken")
    func boundsWork() async throws {
        let reads = Counter()
        let loader = ImageLoader(preprocessing: .letterbox, side: 16, depth: 5)
        var iterator = loader.images(of: try sources(60, reads: reads)).makeAsyncIterator()
        for taken in 1...60 {
            _ = try await iterator.next()
            try await Task.sleep(for: .milliseconds(1))
            #expect(reads.value <= taken + 4)
        }
        #expect(reads.value == 60)
    }

    @Test("bad images are listed beside the batches and lose no good one")
    func listsFailures() async throws {
        let loader = ImageLoader(preprocessing: .clip, side: 16, depth: 8)
        var indices: [Int] = []
        var failures: [Int] = []
        var sizes: [Int] = []
        let sources = try sources(40, bad: 3, reads: Counter())
        for try await loaded in loader.batches(of: sources, size: 8) {
            #expect(loaded.batch.count == loaded.indices.count)
            for (row, index) in loaded.indices.enumerated() {
                #expect(try loaded.batch[row] == loader.prepare(sources[index]))
            }
            sizes.append(loaded.batch.count)
            indices += loaded.indices
            failures += loaded.failures.map(\.index)
            #expect(loaded.failures.allSatisfy { $0.error.kind == .badData })
        }
        #expect(failures == [3, 10, 17, 24, 31, 38])
        #expect((indices + failures).sorted() == Array(0..<40))
        #expect(sizes == [8, 8, 8, 8, 2])
    }

    @Test("the first batch may be smaller, and bad images in it are made up for")
    func firstBatch() async throws {
        let loader = ImageLoader(preprocessing: .clip, side: 16, depth: 8)
        var sizes: [Int] = []
        let sources = try sources(14, bad: 1, reads: Counter())
        for try await loaded in loader.batches(of: sources, size: 4, first: 2) {
            sizes.append(loaded.batch.count)
        }
        #expect(sizes == [2, 4, 4, 2])
    }

    @Test("a source that cannot be read keeps the kind of its error")
    func keepsKindOfErrors() {
        struct Missing: DiagnosedError {
            let kind = FailureKind.inputNotFound
            let description = "'a.jpg' does not exist."
        }
        let source = ImageSource(name: "a.jpg") { throw Missing() }
        let error = #expect(throws: ImageError.self) { try source.decoded() }
        #expect(error?.kind == .inputNotFound)
        #expect(error?.description == "'a.jpg' does not exist.")
    }

    @Test("a cancelled task gets an error instead of an early end, and reading stops")
    func stopsWhenCancelled() async throws {
        let reads = Counter()
        let sources = try sources(500, reads: reads)
        let loader = ImageLoader(preprocessing: .letterbox, side: 16, depth: 4)
        let task = Task {
            var taken = 0
            for try await _ in loader.images(of: sources) {
                taken += 1
                if taken == 10 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return taken
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(reads.value <= 14)
    }

    @Test("no sources give no elements")
    func allowsNothing() async throws {
        let loader = ImageLoader(preprocessing: .letterbox, side: 16)
        for try await _ in loader.images(of: []) { Issue.record("an element from nothing") }
        for try await _ in loader.batches(of: [], size: 4) { Issue.record("a batch from nothing") }
    }
}

/// A number several threads add to.
private final class Counter: @unchecked Sendable {
    // SAFETY: the lock guards the only stored property that changes.
    private let lock = NSLock()
    private var count = 0

    func increment() { lock.withLock { count += 1 } }

    var value: Int { lock.withLock { count } }
}
