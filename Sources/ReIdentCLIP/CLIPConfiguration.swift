// The sizes of a CLIP model, in the terms of open_clip's model configurations
// (mlfoundations/open_clip, src/open_clip/model.py, CLIPVisionCfg and CLIPTextCfg).
//
// SPDX-License-Identifier: MIT

/// The sizes and the activation of a CLIP model: everything that fixes its function but weights.
public struct CLIPConfiguration: Sendable, Equatable {
    /// Width D of the projected embedding, shared by images and texts.
    public var embeddingDimension: Int
    /// The activation of both transformers.
    public var activation: Activation
    /// The image encoder.
    public var vision: VisionConfiguration
    /// The text encoder; nil in packages that hold the image side only.
    public var text: TextConfiguration?
    /// Start value of the learned log temperature of a created model; ln(1/0.07) in CLIP.
    public var initialLogitScale: Double

    /// CLIP's own start of the log temperature, ln(1/0.07).
    public static let standardLogitScale = 2.659260036932778

    /// Creates a configuration from its parts.
    public init(
        embeddingDimension: Int, activation: Activation, vision: VisionConfiguration,
        text: TextConfiguration?, initialLogitScale: Double = Self.standardLogitScale
    ) {
        self.embeddingDimension = embeddingDimension
        self.activation = activation
        self.vision = vision
        self.text = text
        self.initialLogitScale = initialLogitScale
    }

    /// Side S of the square images the encoder takes, in pixels.
    public var imageSize: Int { vision.imageSize }

    /// Width of the features: E for a vision transformer, before the projection; D for CLIP's
    /// ResNet, whose attention pool stays; the channels of the last stage for a ConvNeXt.
    public var featureDimension: Int {
        switch vision {
        case .transformer(let transformer): transformer.width
        case .resNet: embeddingDimension
        case .convNeXt(let sizes): sizes.featureDimension
        }
    }
}

/// The image encoder of a model, by kind.
///
/// Not frozen: other kinds may join, so a switch over it that is to survive them handles what it
/// does not know.
public enum VisionConfiguration: Sendable, Equatable {
    /// A vision transformer, of CLIP or of ImageNet.
    case transformer(VisionTransformerConfiguration)
    /// CLIP's modified ResNet.
    case resNet(ModifiedResNetConfiguration)
    /// A ConvNeXt of ImageNet.
    case convNeXt(ConvNeXtConfiguration)
}

/// The sizes of a vision transformer.
public struct VisionTransformerConfiguration: Sendable, Equatable {
    /// Side S of the square input, in pixels; a multiple of `patchSize`.
    public var imageSize: Int
    /// Side P of a square patch, in pixels.
    public var patchSize: Int
    /// Number of blocks.
    public var layers: Int
    /// Width E of the tokens.
    public var width: Int
    /// Width of one attention head.
    public var headWidth: Int
    /// Width of a block's perceptron over E.
    public var mlpRatio: Double
    /// Whose transformer it is.
    public var family: Family

    /// Two designs that differ in small things.
    public enum Family: Sendable, Equatable {
        /// CLIP's: a layer norm before the blocks, patches without bias, ε of 1e-5.
        case clip
        /// timm's for ImageNet: no layer norm before the blocks, patches with bias, ε of 1e-6.
        case timm
    }

    /// Creates the sizes; the defaults are open_clip's.
    public init(
        imageSize: Int = 224, patchSize: Int = 16, layers: Int = 12, width: Int = 768,
        headWidth: Int = 64, mlpRatio: Double = 4, family: Family = .clip
    ) {
        self.family = family
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.layers = layers
        self.width = width
        self.headWidth = headWidth
        self.mlpRatio = mlpRatio
    }

    /// The ε of the layer norms.
    public var normEpsilon: Double { family == .clip ? 1e-5 : 1e-6 }
    /// Number of attention heads.
    public var heads: Int { width / headWidth }
    /// Width of a block's perceptron, cut to a whole number as open_clip does.
    public var mlpWidth: Int { Int(Double(width) * mlpRatio) }
    /// Largest image side that is accepted, in pixels.
    public static let largestImageSize = 1 << 14

    /// Patches along one side, S / P.
    public var gridSize: Int { imageSize / patchSize }
    /// Number T of tokens of a whole image: the class token and every patch.
    public var tokenCount: Int { gridSize * gridSize + 1 }
}

/// The sizes of the text transformer.
public struct TextConfiguration: Sendable, Equatable {
    /// Longest text in tokens, start and end tokens included.
    public var contextLength: Int
    /// Number of different tokens.
    public var vocabularySize: Int
    /// Width of the tokens.
    public var width: Int
    /// Number of attention heads.
    public var heads: Int
    /// Number of blocks.
    public var layers: Int
    /// Width of a block's perceptron over the width.
    public var mlpRatio: Double

    /// Creates the sizes; the defaults are open_clip's.
    public init(
        contextLength: Int = 77, vocabularySize: Int = 49408, width: Int = 512, heads: Int = 8,
        layers: Int = 12, mlpRatio: Double = 4
    ) {
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.width = width
        self.heads = heads
        self.layers = layers
        self.mlpRatio = mlpRatio
    }

    /// Width of a block's perceptron, cut to a whole number as open_clip does.
    public var mlpWidth: Int { Int(Double(width) * mlpRatio) }
}
