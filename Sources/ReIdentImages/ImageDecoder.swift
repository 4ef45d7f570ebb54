// From the bytes of a file to upright RGB pixels, equal to OpenCV's `imread` bit for bit.
//
// SPDX-License-Identifier: MIT

/// Decodes images by their contents.
public enum ImageDecoder {
    /// A header that claims more pixels than this is refused before memory is taken for them.
    public static let mostPixels = 64_000_000

    /// Decodes one image and turns it upright by its EXIF orientation.
    ///
    /// The contents decide the format, not the name: a PNG named `.jpg` is read. The pixels equal
    /// OpenCV's: alpha is dropped, 16 bits keep their high byte, grey and palettes become RGB,
    /// CMYK is taken as Adobe's inverted form. Colour profiles and gamma are not applied. A
    /// decoder's warning counts as an error, so a truncated file is refused and not filled with
    /// grey; animated WebP is refused; chunks of a PNG that its pixels do not need (profiles,
    /// texts) are skipped unread, only their checksums count. EXIF that makes no sense is taken as
    /// upright.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: What messages call it, usually its path.
    /// - Returns: The upright picture.
    /// - Throws: `ImageError`, of kind `badData`.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String
    ) throws(ImageError) -> Image {
        guard let format = ImageFormat(signatureOf: bytes) else {
            throw .notAnImage(name: name, found: describeForeignContents(bytes))
        }
        let codec = ImageCodec.of(format)
        let (width, height) = try naming(name, format) { () throws(ImageCodec.Failure) in
            try codec.size(of: bytes)
        }
        guard width > 0, height > 0 else {
            throw .damaged(name: name, format: format, reason: "it has no pixels")
        }
        guard width <= mostPixels / height else {
            throw .tooManyPixels(name: name, width: width, height: height)
        }
        let stored = try naming(name, format) { () throws(ImageCodec.Failure) in
            try decodeStored(bytes, codec, width: width, height: height)
        }
        let orientation = codec.exif(bytes).flatMap(ImageOrientation.init(tiff:))
        return stored.turnedUpright(from: orientation ?? .upright)
    }

    /// Decodes one image; see the form that takes a buffer.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: What messages call it, usually its path.
    /// - Returns: The upright picture.
    /// - Throws: `ImageError`, of kind `badData`.
    public static func decode(_ bytes: [UInt8], name: String) throws(ImageError) -> Image {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(ImageError) in try decode(buffer, name: name) }
        }
        return try result.get()
    }

    private static func decodeStored(
        _ bytes: UnsafeRawBufferPointer, _ codec: ImageCodec, width: Int, height: Int
    ) throws(ImageCodec.Failure) -> Image {
        var failure: ImageCodec.Failure?
        let count = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let start = buffer.baseAddress else { return }
            do throws(ImageCodec.Failure) {
                try codec.decode(bytes, into: start, width: width, height: height)
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return Image(width: width, height: height, pixels: pixels)
    }

    private static func naming<Value>(
        _ name: String, _ format: ImageFormat, _ body: () throws(ImageCodec.Failure) -> Value
    ) throws(ImageError) -> Value {
        do throws(ImageCodec.Failure) {
            return try body()
        } catch {
            throw error.isUnsupported
                ? .unsupported(name: name, format: format, reason: error.reason)
                : .damaged(name: name, format: format, reason: error.reason)
        }
    }
}
