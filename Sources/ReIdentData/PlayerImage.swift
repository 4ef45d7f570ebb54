// One crop of a player and what is known about it.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles

/// The part of a data set that an image belongs to.
public enum Split: String, Sendable, CaseIterable, Codable {
    /// For training.
    case train
    /// For evaluation; no player of it is in the training part.
    case test
    /// For a competition: who is on the gallery images is usually not published.
    case challenge
}

/// What an image is for when a model is evaluated.
public enum Role: String, Sendable, CaseIterable, Codable {
    /// It is searched for.
    case query
    /// It is searched in.
    case gallery
}

/// One crop of a player.
public struct PlayerImage: Sendable, CustomStringConvertible {
    /// The path relative to the data set's root, with slashes.
    public let path: String
    /// Where its bytes come from.
    public let source: ByteSource
    /// Who is on it, any text; if `isLabelled` is false, only a number that the image goes by.
    public let identity: String
    /// The camera that filmed it, where cameras are told apart.
    public let camera: String?
    /// The part it belongs to.
    public let split: Split
    /// What it is for in an evaluation; nil in the training part.
    public internal(set) var role: Role?
    /// The number on the shirt as written there (`00` is not `0`), where it is known.
    public let number: String?
    /// A sentence about the image, where there is one.
    public let caption: String?
    /// The share of the picture that shows other players, 0 to 1, where it is known.
    public let others: Double?
    /// Where the number on the shirt is, in pixels of the picture, where it is known.
    public let numberBox: FrameBox.Area?
    /// Whether it shows no player to be found: it lies in the gallery and matches no query.
    public let isDistractor: Bool
    /// Whether it is known who is on it.
    public internal(set) var isLabelled: Bool

    public var description: String { source.description }

    /// Creates an image.
    public init(
        path: String, source: ByteSource, identity: String, camera: String? = nil, split: Split,
        role: Role? = nil, number: String? = nil, caption: String? = nil, others: Double? = nil,
        numberBox: FrameBox.Area? = nil, isDistractor: Bool = false, isLabelled: Bool = true
    ) {
        self.path = path
        self.source = source
        self.identity = identity
        self.camera = camera
        self.split = split
        self.role = role
        self.number = number
        self.caption = caption
        self.others = others
        self.numberBox = numberBox
        self.isDistractor = isDistractor
        self.isLabelled = isLabelled
    }

    /// The identity as competitions write it: whole numbers without leading zeros.
    public var submissionIdentity: String {
        Int(identity).map(String.init) ?? identity
    }

    /// The same image with another role.
    func with(role: Role?) -> PlayerImage {
        var image = self
        image.role = role
        return image
    }
}
