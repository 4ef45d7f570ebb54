/* Products of bytes in vector registers, and the bounds that follow from them.

   Why the bounds hold in spite of rounding, with u = 2^-24 and at most 16,384 components D:
   - The plain level sums squares in double precision, the other in 16 lanes of at most D / 16
     terms: its sum is short by at most (D / 16 + 4) u, a length by half of it. UPWARDS is more.
   - r is computed from b - m, which is rounded once and off by at most u |b - m| <= u (|s c| + |r|)
     in length, and rounded once itself. ROUNDINGS times |s c| + |r| is more than both.
   - A bound itself is one exact sum that becomes a float, two products and two sums, by the head
     one sum more. The caller adds to its offset what these can lose, what m . (b - m) lost, and
     what a product in single precision can be too large.

   SPDX-License-Identifier: MIT */

#include "byte_screening.h"

#include <math.h>
#include <string.h>

#define UPWARDS (1 + 0x1p-11f)
#define ROUNDINGS 0x1p-21f

enum { PLAIN, WITH_VNNI };

static void finish(
    reident_screen_row *kept, float scale, float residual_square, float whole_square,
    float tail_square, float middle) {
  float length = scale * sqrtf(whole_square) * UPWARDS;
  /* Squares of the smallest numbers vanish: all of a row together are less than this. */
  float residual = sqrtf(residual_square + 0x1p-126f) * UPWARDS;
  kept->scale = scale;
  kept->length = length;
  kept->tail = scale * sqrtf(tail_square) * UPWARDS;
  kept->middle = middle;
  kept->residual = residual + ROUNDINGS * (residual + length);
}

/* A row that cannot be kept is above every threshold. */
static void give_up(size_t padded, uint8_t *bytes, reident_screen_row *kept) {
  memset(bytes, 128, padded);
  kept->scale = 0;
  kept->length = 0;
  kept->tail = 0;
  kept->middle = 0;
  kept->residual = INFINITY;
}

static void keep_plainly(
    const float *row, const float *middle, size_t depth, size_t padded, size_t head,
    uint8_t *bytes, reident_screen_row *kept) {
  float largest = 0;
  for (size_t k = 0; k < depth; k++) {
    float size = fabsf(row[k] - middle[k]);
    if (!(size < INFINITY)) return give_up(padded, bytes, kept);
    if (size > largest) largest = size;
  }
  float scale = largest / 127, inverse = scale > 0 ? 1 / scale : 0;
  if (!(inverse < INFINITY)) return give_up(padded, bytes, kept);
  double residual_square = 0, whole_square = 0, tail_square = 0, product = 0;
  memset(bytes, 128, padded);
  for (size_t k = 0; k < depth; k++) {
    float value = row[k] - middle[k];
    float whole = fminf(127, fmaxf(-127, nearbyintf(value * inverse)));
    float rest = fmaf(-scale, whole, value);
    bytes[k] = (uint8_t)(128 + (int)whole);
    residual_square += (double)rest * rest;
    whole_square += (double)whole * whole;
    if (k >= head) tail_square += (double)whole * whole;
    product += (double)middle[k] * value;
  }
  finish(
      kept, scale, (float)residual_square, (float)whole_square, (float)tail_square, (float)product);
}

/* One rounding each, at every level, so that all levels have the same bounds. */
static float bound_of(
    int32_t sum, const reident_screen_row *row, const reident_screen_queries *queries, size_t q) {
  float product = (float)(sum - queries->corrections[q]);
  float rest = fmaf(row->residual, queries->weights[q], queries->offsets[q]) + row->middle;
  return fmaf(product, row->scale * queries->scales[q], rest);
}

/* The bound if only the head's sum is known. */
static float head_bound_of(
    int32_t sum, const reident_screen_row *row, const reident_screen_queries *queries, size_t q) {
  float product = (float)(sum - queries->head_corrections[q]);
  float rest = fmaf(row->residual, queries->weights[q], queries->offsets[q]) + row->middle;
  rest = fmaf(row->tail, queries->tails[q], rest);
  return fmaf(product, row->scale * queries->scales[q], rest);
}

static size_t screen_plainly(
    const uint8_t *bytes, const reident_screen_row *rows, size_t row_count,
    const reident_screen_queries *queries, const float *thresholds, reident_screen_hit *hits,
    size_t *tails) {
  size_t lanes = REIDENT_SCREEN_LANES, depth = queries->depth, head = queries->head, found = 0;
  size_t width = queries->count == 1 ? 1 : (queries->count + lanes - 1) / lanes * lanes;
  for (size_t r = 0; r < row_count; r++)
    for (size_t q = 0; q < queries->count; q++) {
      int32_t sum = 0;
      for (size_t k = 0; k < head; k++)
        sum += bytes[r * depth + k] * queries->values[(k / 4 * width + q) * 4 + k % 4];
      if (head < depth) {
        if (head_bound_of(sum, rows + r, queries, q) < thresholds[q]) continue;
        ++*tails;
        for (size_t k = head; k < depth; k++)
          sum += bytes[r * depth + k] * queries->values[(k / 4 * width + q) * 4 + k % 4];
      }
      float bound = bound_of(sum, rows + r, queries, q);
      if (!(bound < thresholds[q]))
        hits[found++] = (reident_screen_hit){(int32_t)r, (int32_t)q, bound};
    }
  return found;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")))
#define VNNI_INLINE VNNI static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

VNNI static void keep_with_vnni(
    const float *row, const float *middle, size_t depth, size_t padded, size_t head,
    uint8_t *bytes, reident_screen_row *kept) {
  __m512 greatest = _mm512_setzero_ps();
  __mmask16 unsound = 0;
  for (size_t k = 0; k < depth; k += 16) {
    __mmask16 valid = depth - k < 16 ? (__mmask16)((1u << (depth - k)) - 1) : 0xFFFF;
    __m512 value = _mm512_sub_ps(
        _mm512_maskz_loadu_ps(valid, row + k), _mm512_maskz_loadu_ps(valid, middle + k));
    __m512 size = _mm512_abs_ps(value);
    unsound |= _mm512_cmp_ps_mask(size, _mm512_set1_ps(INFINITY), _CMP_NLT_UQ);
    greatest = _mm512_max_ps(greatest, size);
  }
  float scale = _mm512_reduce_max_ps(greatest) / 127, inverse = scale > 0 ? 1 / scale : 0;
  if (unsound || !(inverse < INFINITY)) return give_up(padded, bytes, kept);
  __m512 residuals = _mm512_setzero_ps(), products = residuals;
  __m512i squares = _mm512_setzero_si512(), of_head = squares;
  for (size_t k = 0; k < padded; k += 16) {
    __mmask16 valid =
        k >= depth ? 0 : depth - k < 16 ? (__mmask16)((1u << (depth - k)) - 1) : 0xFFFF;
    if (k == head) of_head = squares;
    __m512 center = _mm512_maskz_loadu_ps(valid, middle + k);
    __m512 value = _mm512_sub_ps(_mm512_maskz_loadu_ps(valid, row + k), center);
    products = _mm512_fmadd_ps(center, value, products);
    __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(value, _mm512_set1_ps(inverse)));
    whole = _mm512_max_epi32(whole, _mm512_set1_epi32(-127));
    whole = _mm512_min_epi32(whole, _mm512_set1_epi32(127));
    __m512 rest = _mm512_fnmadd_ps(_mm512_set1_ps(scale), _mm512_cvtepi32_ps(whole), value);
    residuals = _mm512_fmadd_ps(rest, rest, residuals);
    squares = _mm512_add_epi32(squares, _mm512_mullo_epi32(whole, whole));
    _mm_storeu_si128(
        (__m128i *)(bytes + k),
        _mm512_cvtepi32_epi8(_mm512_add_epi32(whole, _mm512_set1_epi32(128))));
  }
  if (head >= padded) of_head = squares;
  finish(
      kept, scale, _mm512_reduce_add_ps(residuals), (float)_mm512_reduce_add_epi32(squares),
      (float)_mm512_reduce_add_epi32(_mm512_sub_epi32(squares, of_head)),
      _mm512_reduce_add_ps(products));
}

/* Bounds of a vector of sums, of the head or of all; the lanes that reach their threshold. */
VNNI_INLINE __mmask16 reaching(
    __m512i sum, int by_head, const reident_screen_row *row, const reident_screen_queries *queries,
    size_t first, const float *thresholds, __m512 *bound) {
  const int32_t *corrections = by_head ? queries->head_corrections : queries->corrections;
  sum = _mm512_sub_epi32(sum, _mm512_loadu_si512(corrections + first));
  __m512 rest = _mm512_fmadd_ps(
      _mm512_set1_ps(row->residual), _mm512_loadu_ps(queries->weights + first),
      _mm512_loadu_ps(queries->offsets + first));
  rest = _mm512_add_ps(rest, _mm512_set1_ps(row->middle));
  if (by_head)
    rest = _mm512_fmadd_ps(
        _mm512_set1_ps(row->tail), _mm512_loadu_ps(queries->tails + first), rest);
  __m512 scale =
      _mm512_mul_ps(_mm512_set1_ps(row->scale), _mm512_loadu_ps(queries->scales + first));
  *bound = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, rest);
  return _mm512_cmp_ps_mask(*bound, _mm512_loadu_ps(thresholds + first), _CMP_NLT_UQ);
}

/* The product of a row's tail with a query's. */
VNNI_INLINE int32_t tail_product(const uint8_t *row, const int8_t *query, size_t depth) {
  __m512i sum = _mm512_setzero_si512();
  for (size_t k = 0; k < depth; k += 64)
    sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(row + k), _mm512_loadu_si512(query + k));
  return _mm512_reduce_add_epi32(sum);
}

/* Some rows with all queries of a panel, by the head or by all components: every sum stays in a
   register, and the next rows are asked for while these are multiplied. */
VNNI_INLINE size_t screen_tile(
    size_t row_count, size_t vectors, int by_head, const uint8_t *bytes, size_t first_row,
    const reident_screen_row *rows, const reident_screen_queries *queries, const float *thresholds,
    reident_screen_hit *hits, size_t *tails) {
  __m512i sum[12][REIDENT_SCREEN_VECTORS];
  size_t depth = queries->depth, head = queries->head, found = 0;
  const uint8_t *start = bytes + first_row * depth;
  UNROLL for (size_t r = 0; r < row_count; r++) {
    UNROLL for (size_t v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_si512();
  }
  const int8_t *panel = queries->values;
  for (size_t k = 0; k < (by_head ? head : depth); k += 4, panel += vectors * 64) {
    if (k % 64 == 0) {
      UNROLL for (size_t r = 0; r < row_count; r++)
          _mm_prefetch((const char *)start + (row_count + r) * depth + k, _MM_HINT_T0);
    }
    __m512i query[REIDENT_SCREEN_VECTORS];
    UNROLL for (size_t v = 0; v < vectors; v++) query[v] = _mm512_loadu_si512(panel + v * 64);
    UNROLL for (size_t r = 0; r < row_count; r++) {
      int32_t four;
      memcpy(&four, start + r * depth + k, 4);
      __m512i row = _mm512_set1_epi32(four);
      UNROLL for (size_t v = 0; v < vectors; v++)
          sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], row, query[v]);
    }
  }
  UNROLL for (size_t r = 0; r < row_count; r++) {
    UNROLL for (size_t v = 0; v < vectors; v++) {
      __m512 bound;
      size_t first = v * REIDENT_SCREEN_LANES;
      const reident_screen_row *row = rows + first_row + r;
      unsigned mask = reaching(sum[r][v], by_head, row, queries, first, thresholds, &bound);
      if (__builtin_expect(mask == 0, 1)) continue;
      float bounds[REIDENT_SCREEN_LANES];
      int32_t sums[REIDENT_SCREEN_LANES];
      _mm512_storeu_ps(bounds, bound);
      _mm512_storeu_si512(sums, sum[r][v]);
      for (; mask; mask &= mask - 1) {
        int lane = __builtin_ctz(mask);
        size_t q = first + lane;
        if (q >= queries->count) continue;
        if (by_head) {
          ++*tails;
          int32_t all = sums[lane] + tail_product(
              start + r * depth + head, queries->tail_values + q * (depth - head), depth - head);
          bounds[lane] = bound_of(all, row, queries, q);
          if (bounds[lane] < thresholds[q]) continue;
        }
        hits[found++] = (reident_screen_hit){(int32_t)(first_row + r), (int32_t)q, bounds[lane]};
      }
    }
  }
  return found;
}

#define DEFINE_SCREEN(VECTORS, ROWS)                                                           \
  VNNI static size_t screen_##VECTORS(                                                         \
      const uint8_t *bytes, const reident_screen_row *rows, size_t row_count,                  \
      const reident_screen_queries *queries, const float *thresholds,                          \
      reident_screen_hit *hits, size_t *tails) {                                               \
    size_t r = 0, found = 0;                                                                   \
    int by_head = queries->head < queries->depth;                                              \
    for (; by_head && r + ROWS <= row_count; r += ROWS)                                        \
      found += screen_tile(                                                                    \
          ROWS, VECTORS, 1, bytes, r, rows, queries, thresholds, hits + found, tails);         \
    for (; !by_head && r + ROWS <= row_count; r += ROWS)                                       \
      found += screen_tile(                                                                    \
          ROWS, VECTORS, 0, bytes, r, rows, queries, thresholds, hits + found, tails);         \
    for (; r < row_count; r++)                                                                 \
      found += screen_tile(                                                                    \
          1, VECTORS, 0, bytes, r, rows, queries, thresholds, hits + found, tails);            \
    return found;                                                                              \
  }

/* As many rows as registers allow: 32, less a panel's vectors and one row. */
DEFINE_SCREEN(1, 12)
DEFINE_SCREEN(2, 12)
DEFINE_SCREEN(3, 8)
DEFINE_SCREEN(4, 6)

/* One query: memory is what takes time, so rows are asked for well ahead. */
VNNI static size_t screen_one(
    const uint8_t *bytes, const reident_screen_row *rows, size_t row_count,
    const reident_screen_queries *queries, const float *thresholds, reident_screen_hit *hits) {
  enum { AHEAD = 4096 };
  size_t depth = queries->depth, found = 0;
  for (size_t r = 0; r < row_count; r++, bytes += depth) {
    __m512i even = _mm512_setzero_si512(), odd = even;
    size_t k = 0;
    for (; k + 128 <= depth; k += 128) {
      _mm_prefetch((const char *)bytes + k + AHEAD, _MM_HINT_T0);
      _mm_prefetch((const char *)bytes + k + 64 + AHEAD, _MM_HINT_T0);
      even = _mm512_dpbusd_epi32(
          even, _mm512_loadu_si512(bytes + k), _mm512_loadu_si512(queries->values + k));
      odd = _mm512_dpbusd_epi32(
          odd, _mm512_loadu_si512(bytes + k + 64), _mm512_loadu_si512(queries->values + k + 64));
    }
    if (k < depth)
      even = _mm512_dpbusd_epi32(
          even, _mm512_loadu_si512(bytes + k), _mm512_loadu_si512(queries->values + k));
    int32_t sum = _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
    float bound = bound_of(sum, rows + r, queries, 0);
    if (!(bound < thresholds[0])) hits[found++] = (reident_screen_hit){(int32_t)r, 0, bound};
  }
  return found;
}

/* One side has to be signed. What the 128 of the other adds is summed beside, to be taken off. */
VNNI static int32_t byte_dot_with_vnni(
    const uint8_t *first, const uint8_t *second, size_t padded) {
  __m512i sum = _mm512_setzero_si512(), excess = sum;
  const __m512i offset = _mm512_set1_epi8((char)128);
  for (size_t k = 0; k < padded; k += 64) {
    __m512i other = _mm512_xor_si512(_mm512_loadu_si512(second + k), offset);
    sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(first + k), other);
    excess = _mm512_dpbusd_epi32(excess, offset, other);
  }
  return _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, excess));
}
#endif

int32_t reident_byte_dot(int level, const uint8_t *first, const uint8_t *second, size_t padded) {
#if defined(__x86_64__)
  if (level >= WITH_VNNI) return byte_dot_with_vnni(first, second, padded);
#else
  (void)level;
#endif
  int32_t sum = 0;
  for (size_t k = 0; k < padded; k++) sum += (first[k] - 128) * (second[k] - 128);
  return sum;
}

int reident_screen_levels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma"))
    return WITH_VNNI + 1;
#endif
  return PLAIN + 1;
}

void reident_screen_keep(
    int level, const float *row, const float *middle, size_t depth, size_t padded, size_t head,
    uint8_t *bytes, reident_screen_row *kept) {
#if defined(__x86_64__)
  if (level >= WITH_VNNI) return keep_with_vnni(row, middle, depth, padded, head, bytes, kept);
#else
  (void)level;
#endif
  keep_plainly(row, middle, depth, padded, head, bytes, kept);
}

size_t reident_screen(
    int level, const uint8_t *bytes, const reident_screen_row *rows, size_t row_count,
    const reident_screen_queries *queries, const float *thresholds, reident_screen_hit *hits,
    size_t *tails) {
  *tails = 0;
#if defined(__x86_64__)
  if (level >= WITH_VNNI) {
    if (queries->count == 1)
      return screen_one(bytes, rows, row_count, queries, thresholds, hits);
    switch ((queries->count + REIDENT_SCREEN_LANES - 1) / REIDENT_SCREEN_LANES) {
      case 1: return screen_1(bytes, rows, row_count, queries, thresholds, hits, tails);
      case 2: return screen_2(bytes, rows, row_count, queries, thresholds, hits, tails);
      case 3: return screen_3(bytes, rows, row_count, queries, thresholds, hits, tails);
      default: return screen_4(bytes, rows, row_count, queries, thresholds, hits, tails);
    }
  }
#else
  (void)level;
#endif
  return screen_plainly(bytes, rows, row_count, queries, thresholds, hits, tails);
}
