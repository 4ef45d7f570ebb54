// What can be said of an image encoder of any kind.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

extension VisionConfiguration {
    /// Mean and deviation of the pixels such encoders were trained on, where no file says others.
    ///
    /// timm's vision transformers are trained on pixels between -1 and 1, its ConvNeXts on
    /// ImageNet's statistics.
    public var standardNormalization: PixelNormalization {
        switch self {
        case .transformer(let sizes): sizes.family == .clip ? .clip : .symmetric
        case .resNet: .clip
        case .convNeXt: .imageNet
        }
    }

    /// Side S of the square images, in pixels.
    public var imageSize: Int {
        switch self {
        case .transformer(let sizes): sizes.imageSize
        case .resNet(let sizes): sizes.imageSize
        case .convNeXt(let sizes): sizes.imageSize
        }
    }

    /// The number the image side must be a multiple of: a patch, or the reduction of all stages.
    public var unit: Int {
        switch self {
        case .transformer(let sizes): sizes.patchSize
        case .resNet: ModifiedResNetConfiguration.reduction
        case .convNeXt: ConvNeXtConfiguration.reduction
        }
    }

    /// Side of a patch of pixels that is looked at alone; nil where windows overlap.
    public var patchSize: Int? {
        switch self {
        case .transformer(let sizes): sizes.patchSize
        case .resNet: nil
        case .convNeXt: ConvNeXtConfiguration.stemSize
        }
    }

    /// The names under which an observer is shown the tokens of each block, or of each stage of a
    /// convolutional encoder, from the first.
    public var tokenStages: [String] {
        switch self {
        case .transformer(let sizes): (0..<sizes.layers).map { "block.\($0)" }
        case .resNet(let sizes): sizes.layers.indices.map { "layer\($0 + 1)" }
        case .convNeXt(let sizes): sizes.layers.indices.map { "stage.\($0)" }
        }
    }

    /// Number of blocks, over all stages.
    public var blockCount: Int {
        switch self {
        case .transformer(let sizes): sizes.layers
        case .resNet(let sizes): sizes.layers.reduce(0, +)
        case .convNeXt(let sizes): sizes.layers.reduce(0, +)
        }
    }

    /// Whether the encoder is one of ImageNet's, with timm's names, and not of CLIP.
    public var isImageNet: Bool {
        switch self {
        case .transformer(let sizes): sizes.family == .timm
        case .resNet: false
        case .convNeXt: true
        }
    }

    /// Width of the features of an encoder of ImageNet; 0 for one of CLIP.
    var imageNetDimension: Int {
        switch self {
        case .transformer(let sizes): sizes.family == .timm ? sizes.width : 0
        case .resNet: 0
        case .convNeXt(let sizes): sizes.featureDimension
        }
    }

    /// Whether positions are learned and can be resampled for another image size.
    var hasResampledPositions: Bool {
        if case .transformer = self { true } else { false }
    }

    /// The tensor of positions that are resampled at import, as open_clip does; nil if there is
    /// none.
    var positionTensor: String? {
        guard case .transformer(let sizes) = self else { return nil }
        return sizes.storedName("visual.positional_embedding")
    }

    /// The same, and the positions of a ResNet's attention pool.
    var anyPositionTensor: String? {
        if case .resNet = self { "visual.attnpool.positional_embedding" } else { positionTensor }
    }

    /// Whether CLIP's projection is a part of the encoder that cannot be left out.
    public var includesProjection: Bool {
        if case .resNet = self { true } else { false }
    }

    /// Whether layers are normalized over the images that are computed together in a training.
    public var hasBatchNorms: Bool {
        if case .resNet = self { true } else { false }
    }

    /// What people call the kind.
    var title: String {
        switch self {
        case .transformer: "a vision transformer"
        case .resNet: "a ResNet"
        case .convNeXt: "a ConvNeXt"
        }
    }

    /// The sizes in a line, for the fingerprint of what decides an embedding.
    var summary: String {
        switch self {
        case .transformer(let sizes):
            let family = sizes.family == .clip ? "transformer" : "timm transformer"
            return "\(family) \(sizes.imageSize) \(sizes.patchSize) \(sizes.layers) "
                + "\(sizes.width) \(sizes.heads) \(sizes.mlpWidth)"
        case .resNet(let sizes):
            return "resnet \(sizes.imageSize) \(sizes.layers) \(sizes.width) \(sizes.heads)"
        case .convNeXt(let sizes):
            return "convnext \(sizes.imageSize) \(sizes.layers) \(sizes.widths)"
        }
    }

    /// Refuses a side of images that does not fit the encoder.
    ///
    /// - Throws: `PackageError.unsuitableImageSize`.
    func check(imageSize: Int) throws(PackageError) {
        guard imageSize > 0, imageSize.isMultiple(of: unit),
            imageSize <= VisionTransformerConfiguration.largestImageSize
        else { throw .unsuitableImageSize(size: imageSize, patchSize: unit) }
    }

    /// The same encoder for another image size.
    func with(imageSize: Int) -> VisionConfiguration {
        switch self {
        case .transformer(var sizes):
            sizes.imageSize = imageSize
            return .transformer(sizes)
        case .resNet(var sizes):
            sizes.imageSize = imageSize
            return .resNet(sizes)
        case .convNeXt(var sizes):
            sizes.imageSize = imageSize
            return .convNeXt(sizes)
        }
    }
}
