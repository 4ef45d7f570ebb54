// Reads, decodes and prepares images on all cores, a bounded number ahead of whoever takes them.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Prepares many images: in order, on all cores, with memory for a fixed number of them.
public struct ImageLoader: Sendable {
    /// How an image becomes the square input.
    public let preprocessing: Preprocessing
    /// Side of the square in pixels.
    public let side: Int
    /// How many images are in work or wait to be taken, at most.
    public let depth: Int

    /// One image of a sequence: what became of it, and which it was.
    public struct Element: Sendable {
        /// Position in the list of sources, from 0.
        public let index: Int
        /// The prepared image, or why there is none.
        public let result: Result<PreparedImage, ImageError>
    }

    /// A loader for an encoder's input.
    ///
    /// - Parameters:
    ///   - preprocessing: How an image becomes the square input.
    ///   - side: Side of the square in pixels, at least 1.
    ///   - depth: How many images are in work or wait to be taken, at most; at least 1. Enough to
    ///     keep all cores busy while one batch is used is a batch or two.
    public init(preprocessing: Preprocessing, side: Int, depth: Int = 64) {
        precondition(side > 0, "a prepared image has at least one pixel")
        precondition(depth > 0, "a loader needs room for at least one image")
        self.preprocessing = preprocessing
        self.side = side
        self.depth = depth
    }

    /// Reads, decodes and prepares one image on the calling thread.
    ///
    /// - Throws: `ImageError`.
    public func prepare(_ source: ImageSource) throws(ImageError) -> PreparedImage {
        preprocessing.prepare(try source.decoded(), side: side)
    }

    /// The sources' images in their order, prepared ahead of the caller.
    ///
    /// A bad image is an element like any other. Leaving the loop early, or cancelling its task,
    /// stops the work in progress.
    public func images(of sources: [ImageSource]) -> PreparedImages {
        PreparedImages(loader: self, sources: sources)
    }

    /// The sources' images in batches, in their order; bad images are listed beside them.
    ///
    /// - Parameters:
    ///   - sources: The images to prepare.
    ///   - size: Good images in a batch, at least 1; the last batch may hold fewer.
    ///   - first: Good images in the first batch, at least 1; nil for as many as in the others.
    ///     Fewer show sooner that the work goes on, and how fast.
    /// - Returns: The batches, prepared ahead while they are taken.
    public func batches(
        of sources: [ImageSource], size: Int, first: Int? = nil
    ) -> PreparedBatches {
        precondition(size > 0 && first ?? 1 > 0, "a batch holds at least one image")
        return PreparedBatches(images: images(of: sources), size: size, first: first ?? size)
    }
}

/// Prepared images in the order of their sources.
///
/// Iterating throws nothing but `CancellationError`, when the task that iterates is cancelled:
/// an early end can not be taken for a whole one.
public struct PreparedImages: AsyncSequence, Sendable {
    /// One image or why there is none, with its position.
    public typealias Element = ImageLoader.Element
    /// Only cancellation ends the sequence early.
    public typealias Failure = CancellationError

    let loader: ImageLoader
    let sources: [ImageSource]

    public func makeAsyncIterator() -> Iterator {
        Iterator(work: WorkAhead(loader: loader, sources: sources))
    }

    /// Takes the images one by one, keeping `depth` of them in work.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let work: WorkAhead

        public mutating func next() async throws(CancellationError) -> ImageLoader.Element? {
            try await next(isolation: nil)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(CancellationError) -> ImageLoader.Element? {
            try await work.next(isolation: actor)
        }
    }
}

/// The images in work: a window that slides over the sources.
///
/// Only its iterator holds it, so its end, early or not, is the iterator's end; it is not
/// `Sendable` and one task at a time uses it.
private final class WorkAhead {
    private typealias Outcome = Result<PreparedImage, ImageError>

    private let loader: ImageLoader
    private let sources: [ImageSource]
    private var started = 0
    private var taken = 0
    /// One place for each image of the window, used in turn.
    private var window: [Task<Outcome, Never>?]

    init(loader: ImageLoader, sources: [ImageSource]) {
        self.loader = loader
        self.sources = sources
        window = Array(repeating: nil, count: Swift.min(loader.depth, sources.count))
    }

    deinit { cancelAll() }

    func next(
        isolation actor: isolated (any Actor)?
    ) async throws(CancellationError) -> ImageLoader.Element? {
        guard !Task.isCancelled else {
            cancelAll()
            throw CancellationError()
        }
        guard taken < sources.count else { return nil }
        while started < Swift.min(sources.count, taken + window.count) {
            window[started % window.count] = start(sources[started])
            started += 1
        }
        guard let task = window[taken % window.count] else { return nil }
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        guard !Task.isCancelled else {
            cancelAll()
            throw CancellationError()
        }
        window[taken % window.count] = nil
        defer { taken += 1 }
        return ImageLoader.Element(index: taken, result: outcome)
    }

    /// Detached, so that the work leaves the caller's actor and runs on every core.
    private func start(_ source: ImageSource) -> Task<Outcome, Never> {
        Task.detached { [loader] in
            guard !Task.isCancelled else { return .failure(source.cancelled) }
            return Result { () throws(ImageError) in try loader.prepare(source) }
        }
    }

    private func cancelAll() {
        for task in window { task?.cancel() }
    }
}

extension ImageSource {
    /// Never seen by a caller, who gets `CancellationError` instead.
    fileprivate var cancelled: ImageError {
        .unreadable(name: name, kind: .interrupted, reason: "the work was cancelled")
    }
}
