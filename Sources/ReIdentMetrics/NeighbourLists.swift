// The nearest few images of every image, kept while distances stream by.
//
// SPDX-License-Identifier: MIT

/// For each of N images, its nearest images and the greatest distance it has to any.
///
/// Lists are sorted by squared distance, then by image number, so they do not depend on the order
/// in which distances arrive. Different threads may offer to different images at the same time.
// SAFETY: all memory belongs to single images, and threads never offer to the same image at the
// same time; whoever reads does so after all offers.
final class NeighbourLists: @unchecked Sendable {
    /// N.
    let count: Int

    /// How many neighbours are kept, at most N.
    let capacity: Int

    private let squares: UnsafeMutablePointer<Float>
    private let images: UnsafeMutablePointer<Int32>
    private let sizes: UnsafeMutablePointer<Int32>
    private let thresholds: UnsafeMutablePointer<Float>
    private let maxima: UnsafeMutablePointer<Float>

    init(count: Int, capacity: Int) {
        self.count = count
        self.capacity = min(count, capacity)
        squares = .allocate(capacity: count * self.capacity)
        images = .allocate(capacity: count * self.capacity)
        sizes = .allocate(capacity: count)
        thresholds = .allocate(capacity: count)
        maxima = .allocate(capacity: count)
        sizes.initialize(repeating: 0, count: count)
        thresholds.initialize(repeating: .infinity, count: count)
        maxima.initialize(repeating: 0, count: count)
    }

    deinit {
        squares.deallocate()
        images.deallocate()
        sizes.deallocate()
        thresholds.deallocate()
        maxima.deallocate()
    }

    /// The nearest images of one image, nearest first, itself usually the first.
    func nearest(of image: Int, limit: Int) -> UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(start: images + image * capacity, count: min(limit, capacity))
    }

    /// The greatest squared distance between the image and any image.
    func greatestSquare(of image: Int) -> Float { maxima[image] }

    /// Offers one image as a neighbour of a stretch of images.
    ///
    /// - Parameters:
    ///   - distances: Its distance to each image of the stretch.
    ///   - image: The image that is offered.
    ///   - stretch: To whom.
    /// - Returns: Whether all squared distances are finite.
    func offer(_ distances: UnsafePointer<Float>, of image: Int, to stretch: Range<Int>) -> Bool {
        let thresholds = thresholds + stretch.lowerBound
        let maxima = maxima + stretch.lowerBound
        var notFinite: Int32 = 0
        forEachChunk(of: stretch.count) { chunk in
            var isNear: Int32 = 0
            for position in chunk {
                let square = distances[position] * distances[position]
                maxima[position] = square > maxima[position] ? square : maxima[position]
                isNear |= square <= thresholds[position] ? 1 : 0
                notFinite |= square < .infinity ? 0 : 1
            }
            guard isNear != 0 else { return }
            for position in chunk {
                let square = distances[position] * distances[position]
                if square <= thresholds[position] {
                    insert(image, square: square, to: stretch.lowerBound + position)
                }
            }
        }
        return notFinite == 0
    }

    /// Offers a stretch of images as neighbours of one image.
    ///
    /// - Parameters:
    ///   - distances: The distance of each image of the stretch to the one image.
    ///   - stretch: The images that are offered.
    ///   - image: To whom.
    /// - Returns: Whether all squared distances are finite.
    func offer(_ distances: UnsafePointer<Float>, of stretch: Range<Int>, to image: Int) -> Bool {
        var greatest = maxima[image]
        var notFinite: Int32 = 0
        forEachChunk(of: stretch.count) { chunk in
            var isNear: Int32 = 0
            let threshold = thresholds[image]
            for position in chunk {
                let square = distances[position] * distances[position]
                greatest = square > greatest ? square : greatest
                isNear |= square <= threshold ? 1 : 0
                notFinite |= square < .infinity ? 0 : 1
            }
            guard isNear != 0 else { return }
            for position in chunk {
                let square = distances[position] * distances[position]
                if square <= thresholds[image] {
                    insert(stretch.lowerBound + position, square: square, to: image)
                }
            }
        }
        maxima[image] = greatest
        return notFinite == 0
    }

    /// Small chunks, so that the first loop over one fits into vector registers and the second is
    /// rarely needed.
    @inline(__always)
    private func forEachChunk(of count: Int, _ body: (Range<Int>) -> Void) {
        var start = 0
        while start < count {
            let end = min(start + 64, count)
            body(start..<end)
            start = end
        }
    }

    /// Puts an image where it belongs in a list, if it does.
    private func insert(_ newImage: Int, square: Float, to image: Int) {
        let squares = squares + image * capacity
        let images = images + image * capacity
        let size = Int(sizes[image])
        let number = Int32(newImage)
        var position = size
        while position > 0,
            square < squares[position - 1]
                || (square == squares[position - 1] && number < images[position - 1])
        {
            position -= 1
        }
        guard position < capacity else { return }
        var last = min(size, capacity - 1)
        while last > position {
            squares[last] = squares[last - 1]
            images[last] = images[last - 1]
            last -= 1
        }
        squares[position] = square
        images[position] = number
        if size < capacity { sizes[image] += 1 }
        if size + 1 >= capacity { thresholds[image] = squares[capacity - 1] }
    }
}
