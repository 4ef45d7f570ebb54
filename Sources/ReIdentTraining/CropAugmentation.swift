// Which changes each crop of a training gets: from seed, step and place in the batch alone, so
// that a resumed training sees exactly what one that went through saw.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFoundation
import ReIdentImages

/// The source of changed crops of one training.
struct CropAugmentation: Sendable {
    private let augmentation: ImageAugmentation
    private let seed: UInt64
    private let locator: NumberLocator?
    /// Cameras by name, numbered in the order of their names.
    private let cameras: [String: Int]

    /// - Parameters:
    ///   - augmentation: How often crops are changed.
    ///   - seed: The training's.
    ///   - images: The training images, for their cameras.
    ///   - locator: What finds numbers, where the package that is trained has it.
    init(
        _ augmentation: ImageAugmentation, seed: UInt64, images: [PlayerImage],
        locator: NumberLocator? = nil
    ) {
        self.locator = locator
        self.augmentation = augmentation
        self.seed = seed
        let names = Set(images.compactMap(\.camera)).sorted()
        cameras = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// An image of a batch, changed when it is decoded.
    ///
    /// - Parameters:
    ///   - image: The image.
    ///   - step: Batches before this one, over all epochs.
    ///   - position: The image's place in the batch: queries first, then the gallery.
    ///   - item: The pair's place in the batch: of a pair both are cut to the shirt, or neither.
    /// - Returns: The image's source under its own name.
    func source(of image: PlayerImage, step: Int, position: Int, item: Int) -> ImageSource {
        let source = ImageSource(image.source)
        guard !augmentation.isNone else { return source }
        let (camera, locator) = (image.camera, locator)
        return source.changed { picture throws(ImageError) in
            var shirt = generator(0x7368_6972, step: step, number: item)
            let seen =
                augmentation.isCutToShirt(using: &shirt)
                ? NumberView.auto.part(of: picture, locator) : picture
            return try degradation(camera: camera, step: step, position: position).apply(seen)
        }
    }

    /// The changes of one crop.
    func degradation(camera: String?, step: Int, position: Int) -> ImageDegradation {
        var crop = generator(0x6372_6F70, step: step, number: position)
        var result = augmentation.degradation(using: &crop)
        // A crop of no known camera has one of its own.
        let number = camera.flatMap { cameras[$0] } ?? cameras.count + position
        var colors = generator(0x636F_6C6F, step: step, number: number)
        result.colorShift = augmentation.colorShift(using: &colors)
        return result
    }

    private func generator(_ purpose: UInt64, step: Int, number: Int) -> SeededGenerator {
        SeededGenerator(
            seed: seed, stream: purpose &+ UInt64(number) &+ UInt64(step) << 32)
    }
}
