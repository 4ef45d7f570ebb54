// One value per format that can be decoded: the two calls of its C codec, and where it keeps EXIF.
// A further format adds a case to ImageFormat, its signature there, and a value here.
//
// SPDX-License-Identifier: MIT

import CImageCodecs

/// How one format is decoded.
struct ImageCodec: Sendable {
    /// What the C codec found wrong.
    struct Failure: Error {
        let reason: String
        /// Whether the contents may be sound and only are of a kind that is not read.
        var isUnsupported = false
    }

    typealias Bytes = UnsafePointer<UInt8>
    typealias Message = UnsafeMutablePointer<CChar>
    typealias ReadSize =
        @Sendable (
            Bytes, Int, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>, Message
        ) -> image_codec_status
    typealias ReadPixels =
        @Sendable (
            Bytes, Int, UnsafeMutablePointer<UInt8>, UInt32, UInt32, Message
        ) -> image_codec_status

    private let readSize: ReadSize
    private let readPixels: ReadPixels

    /// Bytes of the TIFF structure inside the file that may hold the orientation.
    let exif: @Sendable (UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?

    /// The codec of a format.
    static func of(_ format: ImageFormat) -> ImageCodec {
        switch format {
        case .jpeg:
            ImageCodec(
                readSize: { image_codec_jpeg_size($0, $1, $2, $3, $4) },
                readPixels: { image_codec_jpeg_decode($0, $1, $2, $3, $4, $5) },
                exif: exifOfJPEG)
        case .png:
            ImageCodec(
                readSize: { image_codec_png_size($0, $1, $2, $3, $4) },
                readPixels: { image_codec_png_decode($0, $1, $2, $3, $4, $5) },
                exif: exifOfPNG)
        case .webP:
            ImageCodec(
                readSize: { image_codec_webp_size($0, $1, $2, $3, $4) },
                readPixels: { image_codec_webp_decode($0, $1, $2, $3, $4, $5) },
                exif: exifOfWebP)
        }
    }

    /// Width and height of the stored pixels, from the header alone.
    func size(of bytes: UnsafeRawBufferPointer) throws(Failure) -> (width: Int, height: Int) {
        var width: UInt32 = 0
        var height: UInt32 = 0
        try calling(bytes) { start, message in
            readSize(start, bytes.count, &width, &height, message)
        }
        return (Int(width), Int(height))
    }

    /// Fills `destination`, `[H, W, 3]`, whose size is the one found before.
    func decode(
        _ bytes: UnsafeRawBufferPointer, into destination: UnsafeMutablePointer<UInt8>,
        width: Int, height: Int
    ) throws(Failure) {
        try calling(bytes) { start, message in
            readPixels(start, bytes.count, destination, UInt32(width), UInt32(height), message)
        }
    }

    private func calling(
        _ bytes: UnsafeRawBufferPointer, _ body: (Bytes, Message) -> image_codec_status
    ) throws(Failure) {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else {
            throw Failure(reason: "no bytes")
        }
        try checkingCodec { message in body(start, message) }
    }
}

/// Runs one call into the C codecs and turns its status into an error: the only place that does.
func checkingCodec(
    _ body: (ImageCodec.Message) -> image_codec_status
) throws(ImageCodec.Failure) {
    let failure = withUnsafeTemporaryAllocation(
        of: CChar.self, capacity: Int(IMAGE_CODEC_MESSAGE_CAPACITY)
    ) { message -> ImageCodec.Failure? in
        guard let start = message.baseAddress else {
            return ImageCodec.Failure(reason: "no memory for a message")
        }
        start.pointee = 0
        let status = body(start)
        guard status != IMAGE_CODEC_OK else { return nil }
        return ImageCodec.Failure(
            reason: String(cString: start), isUnsupported: status == IMAGE_CODEC_UNSUPPORTED)
    }
    if let failure { throw failure }
}
