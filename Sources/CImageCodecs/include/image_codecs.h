/*
 * JPEG and PNG to and from interleaved 8-bit RGB in memory, over libjpeg-turbo and libpng; WebP
 * from memory, over libwebp.
 *
 * libjpeg and libpng report errors by longjmp. Every jump starts and ends inside this shim, so none
 * crosses a Swift frame; callers see a status and a message, and all memory is freed on every path.
 * Sizes and pixels are asked for by two calls, so the caller can refuse a size before it allocates.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REIDENT_IMAGE_CODECS_H
#define REIDENT_IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes a message buffer must have; messages are cut to fit and always end in a zero. */
#define IMAGE_CODEC_MESSAGE_CAPACITY 256

typedef enum image_codec_status {
  IMAGE_CODEC_OK = 0,
  /* The library found the bytes wrong, or warned about them; the message says what. */
  IMAGE_CODEC_FAILED = 1,
  /* The bytes may be sound, but are of a kind that is not read; the message says which. */
  IMAGE_CODEC_UNSUPPORTED = 2
} image_codec_status;

/* Encoded bytes; the caller gives them back to image_codec_free. */
typedef struct image_codec_bytes {
  uint8_t *bytes;
  size_t count;
} image_codec_bytes;

/* Width and height from the header alone; takes no memory for pixels. */
image_codec_status image_codec_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                         uint32_t *height, char *message);
image_codec_status image_codec_png_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                        uint32_t *height, char *message);
image_codec_status image_codec_webp_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                         uint32_t *height, char *message);

/*
 * Decodes into `rgb`, which holds width * height * 3 bytes of exactly the size found before.
 * CMYK becomes RGB by OpenCV's rule, alpha is dropped, 16 bits keep their high byte.
 * On failure `rgb` may be partly written.
 */
image_codec_status image_codec_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                           uint32_t width, uint32_t height, char *message);
image_codec_status image_codec_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                          uint32_t width, uint32_t height, char *message);
image_codec_status image_codec_webp_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                           uint32_t width, uint32_t height, char *message);

/* Encodes width * height * 3 bytes. Quality is 1...100; from 90 on colour is kept at full size. */
image_codec_status image_codec_jpeg_encode(const uint8_t *rgb, uint32_t width, uint32_t height,
                                           int quality, image_codec_bytes *result, char *message);
image_codec_status image_codec_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height,
                                          image_codec_bytes *result, char *message);

/* Frees what an encoder returned; null is allowed. */
void image_codec_free(uint8_t *bytes);

#endif
