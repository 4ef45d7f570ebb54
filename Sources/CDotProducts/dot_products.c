/* Dot products in vector registers, once for each instruction set; the caller says which.

   A tile keeps all its sums in registers while it goes through the components once: per step it
   loads a few vectors of the right panel and multiplies them by single numbers of the left one
   (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).

   SPDX-License-Identifier: MIT */

#include "dot_products.h"

#include <string.h>

/* Defines NAME, a tile function that works in sub-tiles of ROWS x (VECTORS * LANES). */
#define DEFINE_TILE(NAME, TARGET, LANES, ROWS, VECTORS)                                       \
  typedef float NAME##_lanes __attribute__((vector_size(4 * LANES), aligned(4)));             \
  TARGET static void NAME(                                                                    \
      size_t depth, const float *left, const float *right, float *out, size_t stride) {       \
    for (size_t row = 0; row < REIDENT_DOT_LEFT; row += ROWS)                                 \
      for (size_t column = 0; column < REIDENT_DOT_RIGHT; column += LANES * VECTORS) {        \
        NAME##_lanes sum[ROWS][VECTORS];                                                      \
        memset(sum, 0, sizeof sum);                                                           \
        const float *a = left + row, *b = right + column;                                     \
        for (size_t k = 0; k < depth; k++, a += REIDENT_DOT_LEFT, b += REIDENT_DOT_RIGHT) {   \
          _Pragma("GCC unroll 16") for (size_t i = 0; i < ROWS; i++) {                        \
            _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++)                     \
                sum[i][v] += a[i] * *(const NAME##_lanes *)(b + v * LANES);                   \
          }                                                                                   \
        }                                                                                     \
        for (size_t i = 0; i < ROWS; i++)                                                     \
          for (size_t v = 0; v < VECTORS; v++)                                                \
            *(NAME##_lanes *)(out + (row + i) * stride + column + v * LANES) = sum[i][v];     \
      }                                                                                       \
  }

#define DEFINE_DOT(NAME, TARGET, LANES)                                                       \
  TARGET static float NAME##_dot(const float *first, const float *second, size_t depth) {     \
    NAME##_lanes sum[2];                                                                      \
    memset(sum, 0, sizeof sum);                                                               \
    size_t k = 0;                                                                             \
    for (; k + 2 * LANES <= depth; k += 2 * LANES)                                            \
      for (size_t v = 0; v < 2; v++)                                                          \
        sum[v] += *(const NAME##_lanes *)(first + k + v * LANES) *                            \
                  *(const NAME##_lanes *)(second + k + v * LANES);                            \
    sum[0] += sum[1];                                                                         \
    float total = 0;                                                                          \
    for (size_t lane = 0; lane < LANES; lane++) total += sum[0][lane];                        \
    for (; k < depth; k++) total += first[k] * second[k];                                     \
    return total;                                                                             \
  }

/* As many pairs at a time as keep the units for single numbers busy: each sum waits for itself. */
#define DEFINE_PAIRS(NAME, TARGET)                                                            \
  TARGET static void NAME##_pairs(                                                            \
      size_t depth, size_t count, const float *const *first, const float *const *second,      \
      float *out) {                                                                           \
    enum { TOGETHER = 8 };                                                                    \
    for (size_t start = 0; start < count; start += TOGETHER) {                                \
      const float *a[TOGETHER], *b[TOGETHER];                                                 \
      float sum[TOGETHER] = {0};                                                              \
      for (size_t i = 0; i < TOGETHER; i++) {                                                 \
        size_t pair = start + i < count ? start + i : count - 1;                              \
        a[i] = first[pair];                                                                   \
        b[i] = second[pair];                                                                  \
      }                                                                                       \
      for (size_t k = 0; k < depth; k++)                                                      \
        _Pragma("GCC unroll 16") for (size_t i = 0; i < TOGETHER; i++) sum[i] +=              \
            a[i][k] * b[i][k];                                                                \
      for (size_t i = 0; i < TOGETHER && start + i < count; i++) out[start + i] = sum[i];     \
    }                                                                                         \
  }

#define NO_TARGET

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx2,fma")))
#define AVX2 __attribute__((target("avx2,fma")))
DEFINE_TILE(avx512, AVX512, 16, 12, 2)
DEFINE_DOT(avx512, AVX512, 16)
DEFINE_PAIRS(avx512, AVX512)
DEFINE_TILE(avx2, AVX2, 8, 6, 2)
DEFINE_DOT(avx2, AVX2, 8)
DEFINE_PAIRS(avx2, AVX2)
DEFINE_TILE(plain, NO_TARGET, 4, 6, 2)
DEFINE_DOT(plain, NO_TARGET, 4)
DEFINE_PAIRS(plain, NO_TARGET)
#else
DEFINE_TILE(plain, NO_TARGET, 4, 6, 4)
DEFINE_DOT(plain, NO_TARGET, 4)
DEFINE_PAIRS(plain, NO_TARGET)
#endif

enum { PLAIN, WITH_AVX2, WITH_AVX512 };

int reident_dot_levels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_supports("avx512f") ? WITH_AVX512 + 1 : WITH_AVX2 + 1;
#endif
  return PLAIN + 1;
}

void reident_dot_tile(
    int level, size_t depth, const float *left, const float *right, float *out, size_t stride) {
#if defined(__x86_64__)
  if (level >= WITH_AVX512) {
    avx512(depth, left, right, out, stride);
    return;
  }
  if (level == WITH_AVX2) {
    avx2(depth, left, right, out, stride);
    return;
  }
#else
  (void)level;
#endif
  plain(depth, left, right, out, stride);
}

float reident_dot(int level, const float *first, const float *second, size_t depth) {
#if defined(__x86_64__)
  if (level >= WITH_AVX512) return avx512_dot(first, second, depth);
  if (level == WITH_AVX2) return avx2_dot(first, second, depth);
#else
  (void)level;
#endif
  return plain_dot(first, second, depth);
}

void reident_dot_pairs(
    int level, size_t depth, size_t count, const float *const *first, const float *const *second,
    float *out) {
#if defined(__x86_64__)
  if (level >= WITH_AVX512) {
    avx512_pairs(depth, count, first, second, out);
    return;
  }
  if (level == WITH_AVX2) {
    avx2_pairs(depth, count, first, second, out);
    return;
  }
#else
  (void)level;
#endif
  plain_pairs(depth, count, first, second, out);
}

void reident_dot_pack(
    const float *vectors, size_t count, size_t depth, size_t width, float *panel) {
  for (size_t k = 0; k < depth; k++)
    for (size_t i = 0; i < count; i++) panel[k * width + i] = vectors[i * depth + k];
}
