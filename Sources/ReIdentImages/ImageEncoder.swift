// Pixels to PNG and JPEG files in memory.
//
// SPDX-License-Identifier: MIT

import CImageCodecs

/// Encodes images; the result is the whole file.
public enum ImageEncoder {
    /// Encodes without loss.
    ///
    /// - Throws: `ImageError.notEncodable` when memory is exhausted.
    public static func png(_ image: Image) throws(ImageError) -> [UInt8] {
        try encode(image, as: .png) { pixels, result, message in
            image_codec_png_encode(
                pixels, UInt32(image.width), UInt32(image.height), result, message)
        }
    }

    /// Encodes with loss; from quality 90 on, colour keeps its full resolution (4:4:4, else 4:2:0).
    ///
    /// - Parameters:
    ///   - image: At most 65,500 pixels on a side.
    ///   - quality: 1...100 in the scale of libjpeg.
    /// - Returns: The whole file.
    /// - Throws: `ImageError.notEncodable` for a larger image.
    public static func jpeg(_ image: Image, quality: Int) throws(ImageError) -> [UInt8] {
        precondition((1...100).contains(quality), "JPEG quality is 1...100, not \(quality)")
        return try encode(image, as: .jpeg) { pixels, result, message in
            image_codec_jpeg_encode(
                pixels, UInt32(image.width), UInt32(image.height), Int32(quality), result, message)
        }
    }

    private static func encode(
        _ image: Image, as format: ImageFormat,
        _ body: (
            UnsafePointer<UInt8>?, UnsafeMutablePointer<image_codec_bytes>, ImageCodec.Message
        ) -> image_codec_status
    ) throws(ImageError) -> [UInt8] {
        var result = image_codec_bytes(bytes: nil, count: 0)
        defer { image_codec_free(result.bytes) }
        do throws(ImageCodec.Failure) {
            try checkingCodec { message in
                image.pixels.withUnsafeBufferPointer { body($0.baseAddress, &result, message) }
            }
        } catch {
            throw .notEncodable(
                format: format, width: image.width, height: image.height, reason: error.reason)
        }
        return [UInt8](UnsafeBufferPointer(start: result.bytes, count: result.count))
    }
}
