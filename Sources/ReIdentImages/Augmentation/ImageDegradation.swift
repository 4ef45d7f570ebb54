// What real footage does to one crop, in the order in which it happens there.
//
// SPDX-License-Identifier: MIT

/// Changes to one crop, for training and for judging a model on worse pictures than it has.
///
/// They are applied as a picture comes about: something stands in front of the player (`erasing`),
/// lens and movement blur both (`blur`), the sensor colours them (`colorShift`), the player has few
/// pixels (`height`), which are compressed (`jpegQuality`). Then the crop is enlarged to the size
/// it had. It is the decoded crop that changes, before the letterbox.
public struct ImageDegradation: Sendable, Equatable {
    /// What hides part of the player.
    public var erasing: Erasing?
    /// The blur.
    public var blur: Blur?
    /// The camera's colours.
    public var colorShift: ColorShift?
    /// Rows the player is filmed with; a crop with no more rows loses nothing.
    public var height: Int?
    /// Quality of compression, 1...100, of the picture with `height` rows.
    public var jpegQuality: Int?

    /// Nothing changes.
    public init() {}

    /// The changed picture, of the same size.
    ///
    /// - Throws: `ImageError.notEncodable` if a picture is to be compressed that is larger than
    ///   JPEG allows.
    public func apply(_ image: Image) throws(ImageError) -> Image {
        var result = image
        if let erasing { result = erasing.apply(result) }
        if let blur { result = blur.apply(result) }
        if let colorShift { result = colorShift.apply(result) }
        if let height { result = Rescaling(height: height).shrunk(result) }
        if let jpegQuality { result = try JPEGCompression(quality: jpegQuality).apply(result) }
        return result.resized(toWidth: image.width, height: image.height)
    }
}
