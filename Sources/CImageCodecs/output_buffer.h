/*
 * A byte buffer that grows while an encoder writes, shared by both encoders.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REIDENT_OUTPUT_BUFFER_H
#define REIDENT_OUTPUT_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct output_buffer {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} output_buffer;

/* Makes room for `more` bytes behind `count`; 0 when memory is exhausted, the buffer is kept. */
static inline int output_buffer_reserve(output_buffer *buffer, size_t more) {
  size_t capacity = buffer->capacity ? buffer->capacity : 16384;
  uint8_t *grown;
  if (more > SIZE_MAX / 4 || buffer->count > SIZE_MAX / 4) return 0;
  while (capacity < buffer->count + more) capacity *= 2;
  if (capacity == buffer->capacity) return 1;
  grown = realloc(buffer->bytes, capacity);
  if (grown == NULL) return 0;
  buffer->bytes = grown;
  buffer->capacity = capacity;
  return 1;
}

#endif
