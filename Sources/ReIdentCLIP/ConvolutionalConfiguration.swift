// The sizes of the convolutional image encoders: CLIP's modified ResNet and ConvNeXt.
// Terms after mlfoundations/open_clip, src/open_clip/modified_resnet.py, and
// huggingface/pytorch-image-models, timm/models/convnext.py.
//
// SPDX-License-Identifier: MIT

/// The sizes of CLIP's modified ResNet.
public struct ModifiedResNetConfiguration: Sendable, Equatable {
    /// Side S of the square input, in pixels; a multiple of 32.
    public var imageSize: Int
    /// Number of blocks of each of the four stages.
    public var layers: [Int]
    /// Channels after the stem; the first stage's blocks are this wide inside.
    public var width: Int
    /// Width of one head of the attention pool.
    public var headWidth: Int

    /// Creates the sizes; the defaults are those of RN50.
    public init(
        imageSize: Int = 224, layers: [Int] = [3, 4, 6, 3], width: Int = 64, headWidth: Int = 64
    ) {
        self.imageSize = imageSize
        self.layers = layers
        self.width = width
        self.headWidth = headWidth
    }

    /// How much smaller the last stage's images are than the input, along each side.
    public static let reduction = 32
    /// Channels of the last stage, which the attention pool mixes.
    public var poolWidth: Int { width * 32 }
    /// Heads of the attention pool.
    public var heads: Int { poolWidth / headWidth }
    /// Side of the last stage's images.
    public var gridSize: Int { imageSize / Self.reduction }
    /// Tokens of the attention pool: the mean and every pixel of the last stage.
    public var tokenCount: Int { gridSize * gridSize + 1 }
}

/// The sizes of a ConvNeXt (Liu et al., A ConvNet for the 2020s, 2022).
public struct ConvNeXtConfiguration: Sendable, Equatable {
    /// Side S of the square input, in pixels; a multiple of 32.
    public var imageSize: Int
    /// Number of blocks of each of the four stages.
    public var layers: [Int]
    /// Channels of each of the four stages.
    public var widths: [Int]

    /// Creates the sizes; the defaults are those of ConvNeXt-Base.
    public init(
        imageSize: Int = 224, layers: [Int] = [3, 3, 27, 3],
        widths: [Int] = [128, 256, 512, 1024]
    ) {
        self.imageSize = imageSize
        self.layers = layers
        self.widths = widths
    }

    /// How much smaller the last stage's images are than the input, along each side.
    public static let reduction = 32
    /// Side of a patch of the stem, in pixels.
    public static let stemSize = 4
    /// Width of a block's perceptron over its channels.
    public static let perceptronRatio = 4
    /// Channels of the last stage: the features.
    public var featureDimension: Int { widths.last ?? 0 }
}
