/*
 * PNG through libpng.
 *
 * As in jpeg_codec.c, the function that calls setjmp owns none of the state a jump must keep.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image_codecs.h"
#include "output_buffer.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

typedef struct codec {
  png_structp png;
  png_infop info;
  jmp_buf target;
  char *message;
  /* reading */
  const uint8_t *bytes;
  size_t count;
  size_t position;
  /* writing */
  output_buffer buffer;
} codec;

static void on_error(png_structp png, png_const_charp text) {
  codec *state = png_get_error_ptr(png);
  snprintf(state->message, IMAGE_CODEC_MESSAGE_CAPACITY, "%s", text);
  longjmp(state->target, 1);
}

/*
 * A warning is an error, unless it is about an ancillary chunk (colour profile, gamma, text, ...):
 * libpng names the chunk first, and a small first letter marks it as not needed for the pixels.
 */
static void on_warning(png_structp png, png_const_charp text) {
  if (strlen(text) > 5 && text[4] == ':' && islower((unsigned char)text[0])) return;
  on_error(png, text);
}

static void on_read(png_structp png, png_bytep destination, size_t length) {
  codec *state = png_get_io_ptr(png);
  if (length > state->count - state->position) png_error(png, "the file ends early");
  memcpy(destination, state->bytes + state->position, length);
  state->position += length;
}

static void on_write(png_structp png, png_bytep bytes, size_t length) {
  codec *state = png_get_io_ptr(png);
  if (!output_buffer_reserve(&state->buffer, length)) png_error(png, "memory exhausted");
  memcpy(state->buffer.bytes + state->buffer.count, bytes, length);
  state->buffer.count += length;
}

static void on_flush(png_structp png) { (void)png; }

static void require_memory(codec *state, const void *made) {
  if (made != NULL) return;
  snprintf(state->message, IMAGE_CODEC_MESSAGE_CAPACITY, "memory exhausted");
  longjmp(state->target, 1);
}

static void open_reader(codec *state) {
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  require_memory(state, state->png);
  state->info = png_create_info_struct(state->png);
  require_memory(state, state->info);
  png_set_read_fn(state->png, state, on_read);
  /* The caller judges the size. Profiles and texts are skipped unread: they are not pixels. */
  png_set_user_limits(state->png, 0x7fffffff, 0x7fffffff);
  png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_crc_action(state->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(state->png, state->info);
}

static image_codec_status read_size(codec *state, uint32_t *width, uint32_t *height) {
  if (setjmp(state->target)) return IMAGE_CODEC_FAILED;
  open_reader(state);
  *width = png_get_image_width(state->png, state->info);
  *height = png_get_image_height(state->png, state->info);
  return IMAGE_CODEC_OK;
}

static image_codec_status read_pixels(codec *state, uint8_t *rgb, uint32_t width,
                                      uint32_t height) {
  size_t row_bytes = (size_t)width * 3;
  int passes;

  if (setjmp(state->target)) return IMAGE_CODEC_FAILED;
  open_reader(state);
  if (png_get_image_width(state->png, state->info) != width ||
      png_get_image_height(state->png, state->info) != height) {
    png_error(state->png, "the size changed between two reads");
  }
  if (png_get_bit_depth(state->png, state->info) == 16) png_set_strip_16(state->png);
  png_set_expand(state->png); /* palettes to RGB, 1, 2 and 4 bits to 8 */
  png_set_gray_to_rgb(state->png);
  png_set_strip_alpha(state->png);
  passes = png_set_interlace_handling(state->png);
  png_read_update_info(state->png, state->info);
  if (png_get_rowbytes(state->png, state->info) != row_bytes) {
    png_error(state->png, "a pixel format that does not become 8-bit RGB");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < height; y++) png_read_row(state->png, rgb + y * row_bytes, NULL);
  }
  png_read_end(state->png, NULL); /* a file cut before its end chunk fails */
  return IMAGE_CODEC_OK;
}

static void start(codec *state, const uint8_t *bytes, size_t count, char *message) {
  memset(state, 0, sizeof *state);
  state->message = message;
  state->bytes = bytes;
  state->count = count;
  message[0] = 0;
}

image_codec_status image_codec_png_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                        uint32_t *height, char *message) {
  codec state;
  image_codec_status status;
  start(&state, bytes, count, message);
  status = read_size(&state, width, height);
  png_destroy_read_struct(&state.png, &state.info, NULL);
  return status;
}

image_codec_status image_codec_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                          uint32_t width, uint32_t height, char *message) {
  codec state;
  image_codec_status status;
  start(&state, bytes, count, message);
  status = read_pixels(&state, rgb, width, height);
  png_destroy_read_struct(&state.png, &state.info, NULL);
  return status;
}

static image_codec_status write_pixels(codec *state, const uint8_t *rgb, uint32_t width,
                                       uint32_t height) {
  if (setjmp(state->target)) return IMAGE_CODEC_FAILED;
  state->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  require_memory(state, state->png);
  state->info = png_create_info_struct(state->png);
  require_memory(state, state->info);
  png_set_user_limits(state->png, 0x7fffffff, 0x7fffffff);
  png_set_write_fn(state->png, state, on_write, on_flush);
  png_set_IHDR(state->png, state->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(state->png, state->info);
  for (uint32_t y = 0; y < height; y++) {
    png_write_row(state->png, rgb + (size_t)y * width * 3);
  }
  png_write_end(state->png, NULL);
  return IMAGE_CODEC_OK;
}

image_codec_status image_codec_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height,
                                          image_codec_bytes *result, char *message) {
  codec state;
  image_codec_status status;
  start(&state, NULL, 0, message);
  status = write_pixels(&state, rgb, width, height);
  png_destroy_write_struct(&state.png, &state.info);
  if (status != IMAGE_CODEC_OK) {
    free(state.buffer.bytes);
    return status;
  }
  result->bytes = state.buffer.bytes;
  result->count = state.buffer.count;
  return IMAGE_CODEC_OK;
}
