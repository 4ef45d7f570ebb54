/*
 * WebP through libwebp, which reports errors by values.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image_codecs.h"

#include <stdio.h>

#include <webp/decode.h>

/* libwebp's status as the end of a sentence. */
static const char *reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "memory exhausted";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "a feature that libwebp does not know";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the file ends early";
    default: return "its contents contradict each other";
  }
}

static image_codec_status fail(char *message, const char *text) {
  snprintf(message, IMAGE_CODEC_MESSAGE_CAPACITY, "%s", text);
  return IMAGE_CODEC_FAILED;
}

/*
 * The length of the container is compared with the file's own: libwebp fills what is missing of a
 * lossy image with noise when the container hides the cut.
 */
static int is_cut(const uint8_t *bytes, size_t count) {
  uint64_t length;
  if (count < 12) return 1;
  length = (uint64_t)bytes[4] | (uint64_t)bytes[5] << 8 | (uint64_t)bytes[6] << 16 |
           (uint64_t)bytes[7] << 24;
  return length + 8 > count;
}

image_codec_status image_codec_webp_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                         uint32_t *height, char *message) {
  WebPBitstreamFeatures features;
  VP8StatusCode status;
  message[0] = 0;
  if (is_cut(bytes, count)) return fail(message, "the file ends early");
  status = WebPGetFeatures(bytes, count, &features);
  if (status != VP8_STATUS_OK) return fail(message, reason_of(status));
  if (features.has_animation) {
    fail(message, "it is animated, and one picture is needed");
    return IMAGE_CODEC_UNSUPPORTED;
  }
  *width = (uint32_t)features.width;
  *height = (uint32_t)features.height;
  return IMAGE_CODEC_OK;
}

image_codec_status image_codec_webp_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                           uint32_t width, uint32_t height, char *message) {
  WebPDecoderConfig config;
  VP8StatusCode status;
  message[0] = 0;
  if (!WebPInitDecoderConfig(&config)) return fail(message, "another version of libwebp");
  status = WebPGetFeatures(bytes, count, &config.input);
  if (status != VP8_STATUS_OK) return fail(message, reason_of(status));
  if ((uint32_t)config.input.width != width || (uint32_t)config.input.height != height) {
    return fail(message, "the size changed between two reads");
  }
  config.output.colorspace = MODE_RGB; /* alpha is dropped, colours under it stay */
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = rgb;
  config.output.u.RGBA.stride = (int)(width * 3);
  config.output.u.RGBA.size = (size_t)width * height * 3;
  status = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  return status == VP8_STATUS_OK ? IMAGE_CODEC_OK : fail(message, reason_of(status));
}
