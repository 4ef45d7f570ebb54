/*
 * JPEG through libjpeg-turbo.
 *
 * Every function that calls setjmp keeps its state in its caller's frame: what a jump must find
 * unharmed may not be a local of the function that set the jump up (C11 7.13.2.1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image_codecs.h"
#include "output_buffer.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

/* No encoder writes so many; a small hostile file can claim thousands, each a pass over all. */
enum { MOST_SCANS = 500 };

typedef struct failure {
  struct jpeg_error_mgr manager; /* first: libjpeg hands back a pointer to it */
  jmp_buf target;
  char *message;
} failure;

static void fail_with(j_common_ptr codec, const char *text) {
  failure *state = (failure *)codec->err;
  snprintf(state->message, IMAGE_CODEC_MESSAGE_CAPACITY, "%s", text);
  longjmp(state->target, 1);
}

static void on_error(j_common_ptr codec) {
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  fail_with(codec, text);
}

/* Level -1 is a warning: corrupt data that libjpeg would paper over with grey or noise. */
static void on_message(j_common_ptr codec, int level) {
  if (level < 0) on_error(codec);
}

static void on_output(j_common_ptr codec) { (void)codec; }

static void on_progress(j_common_ptr codec) {
  if (((j_decompress_ptr)codec)->input_scan_number > MOST_SCANS) {
    fail_with(codec, "more scans than any encoder writes");
  }
}

static struct jpeg_error_mgr *prepare(failure *state, char *message) {
  struct jpeg_error_mgr *manager = jpeg_std_error(&state->manager);
  manager->error_exit = on_error;
  manager->emit_message = on_message;
  manager->output_message = on_output;
  state->message = message;
  message[0] = 0;
  return manager;
}

/* ---- reading ---- */

typedef struct reader {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress;
  failure failure;
  const uint8_t *bytes;
  size_t count;
} reader;

static void open_reader(reader *state) {
  jpeg_create_decompress(&state->codec);
  state->progress.progress_monitor = on_progress;
  state->codec.progress = &state->progress;
  jpeg_mem_src(&state->codec, state->bytes, (unsigned long)state->count);
  jpeg_read_header(&state->codec, TRUE);
}

static image_codec_status read_size(reader *state) {
  if (setjmp(state->failure.target)) return IMAGE_CODEC_FAILED;
  open_reader(state);
  return IMAGE_CODEC_OK;
}

/*
 * Adobe stores CMYK inverted (255 = no ink), and every other file is taken to do so too, as OpenCV
 * and Pillow do. The arithmetic is OpenCV's, pixel for pixel; Pillow's differs by up to two levels.
 */
static void convert_cmyk_row(const uint8_t *cmyk, uint8_t *rgb, size_t width) {
  for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
    int black = cmyk[3];
    for (int channel = 0; channel < 3; channel++) {
      rgb[channel] = (uint8_t)(black - (((255 - cmyk[channel]) * black) >> 8));
    }
  }
}

static image_codec_status read_pixels(reader *state, uint8_t *rgb, uint32_t width,
                                      uint32_t height) {
  struct jpeg_decompress_struct *codec = &state->codec;
  size_t row_bytes = (size_t)width * 3;
  JSAMPARRAY ink_row = NULL;

  if (setjmp(state->failure.target)) return IMAGE_CODEC_FAILED;
  open_reader(state);
  if (codec->image_width != width || codec->image_height != height) {
    fail_with((j_common_ptr)codec, "the size changed between two reads");
  }
  /* The defaults of the quality-first decoders, said aloud: peers decode so, bit for bit. */
  codec->dct_method = JDCT_ISLOW;
  codec->do_fancy_upsampling = TRUE;
  codec->out_color_space = codec->num_components == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(codec);
  if (codec->num_components == 4) {
    ink_row = codec->mem->alloc_sarray((j_common_ptr)codec, JPOOL_IMAGE, width * 4, 1);
  }
  while (codec->output_scanline < height) {
    uint8_t *row = rgb + codec->output_scanline * row_bytes;
    if (ink_row != NULL) {
      jpeg_read_scanlines(codec, ink_row, 1);
      convert_cmyk_row(ink_row[0], row, width);
    } else {
      JSAMPROW rows[1] = {row};
      jpeg_read_scanlines(codec, rows, 1);
    }
  }
  jpeg_finish_decompress(codec); /* reads up to the end marker: a file cut before it fails */
  return IMAGE_CODEC_OK;
}

static void start_reader(reader *state, const uint8_t *bytes, size_t count, char *message) {
  memset(state, 0, sizeof *state);
  state->codec.err = prepare(&state->failure, message);
  state->bytes = bytes;
  state->count = count;
}

image_codec_status image_codec_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width,
                                         uint32_t *height, char *message) {
  reader state;
  image_codec_status status;
  start_reader(&state, bytes, count, message);
  status = read_size(&state);
  *width = state.codec.image_width;
  *height = state.codec.image_height;
  jpeg_destroy_decompress(&state.codec);
  return status;
}

image_codec_status image_codec_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *rgb,
                                           uint32_t width, uint32_t height, char *message) {
  reader state;
  image_codec_status status;
  start_reader(&state, bytes, count, message);
  status = read_pixels(&state, rgb, width, height);
  jpeg_destroy_decompress(&state.codec);
  return status;
}

/* ---- writing ---- */

/* libjpeg's own memory destination loses its buffer when an error jumps out; this does not. */
typedef struct writer {
  struct jpeg_compress_struct codec;
  struct jpeg_destination_mgr destination;
  failure failure;
  output_buffer buffer;
} writer;

static void offer_room(writer *state) {
  if (!output_buffer_reserve(&state->buffer, 16384)) {
    fail_with((j_common_ptr)&state->codec, "memory exhausted");
  }
  state->destination.next_output_byte = state->buffer.bytes + state->buffer.count;
  state->destination.free_in_buffer = state->buffer.capacity - state->buffer.count;
}

static void start_output(j_compress_ptr codec) { offer_room(codec->client_data); }

static boolean room_is_used_up(j_compress_ptr codec) {
  writer *state = codec->client_data;
  state->buffer.count = state->buffer.capacity;
  offer_room(state);
  return TRUE;
}

static void end_output(j_compress_ptr codec) {
  writer *state = codec->client_data;
  state->buffer.count = state->buffer.capacity - state->destination.free_in_buffer;
}

static image_codec_status write_pixels(writer *state, const uint8_t *rgb, uint32_t width,
                                       uint32_t height, int quality) {
  struct jpeg_compress_struct *codec = &state->codec;
  size_t row_bytes = (size_t)width * 3;

  if (setjmp(state->failure.target)) return IMAGE_CODEC_FAILED;
  jpeg_create_compress(codec);
  codec->client_data = state;
  codec->dest = &state->destination;
  codec->image_width = width;
  codec->image_height = height;
  codec->input_components = 3;
  codec->in_color_space = JCS_RGB;
  jpeg_set_defaults(codec);
  jpeg_set_quality(codec, quality, TRUE);
  codec->dct_method = JDCT_ISLOW;
  if (quality >= 90) {
    codec->comp_info[0].h_samp_factor = 1;
    codec->comp_info[0].v_samp_factor = 1;
  }
  jpeg_start_compress(codec, TRUE);
  while (codec->next_scanline < height) {
    JSAMPROW rows[1] = {(JSAMPROW)(rgb + codec->next_scanline * row_bytes)};
    jpeg_write_scanlines(codec, rows, 1);
  }
  jpeg_finish_compress(codec);
  return IMAGE_CODEC_OK;
}

image_codec_status image_codec_jpeg_encode(const uint8_t *rgb, uint32_t width, uint32_t height,
                                           int quality, image_codec_bytes *result, char *message) {
  writer state;
  image_codec_status status;
  memset(&state, 0, sizeof state);
  state.codec.err = prepare(&state.failure, message);
  state.destination.init_destination = start_output;
  state.destination.empty_output_buffer = room_is_used_up;
  state.destination.term_destination = end_output;
  status = write_pixels(&state, rgb, width, height, quality);
  jpeg_destroy_compress(&state.codec);
  if (status != IMAGE_CODEC_OK) {
    free(state.buffer.bytes);
    return status;
  }
  result->bytes = state.buffer.bytes;
  result->count = state.buffer.count;
  return IMAGE_CODEC_OK;
}

void image_codec_free(uint8_t *bytes) { free(bytes); }
