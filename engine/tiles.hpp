// Tiles on processors with AVX-512: products of a few rows with columns that lie side by side, so
// that a register holds sixteen of them (Goto and van de Geijn, Anatomy of High-Performance Matrix
// Multiplication, 2008), and the softmax of a row. Attention's passes (attention.cpp,
// attention_gradient.cpp) and the products of training (products.cpp) are made of them.
//
// SPDX-License-Identifier: MIT
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REIDENT_AVX512 1
// GCC 12's own header leaves registers undefined on purpose, and warns of it (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace reident {
namespace {  // in each file its own, inlined

#define REIDENT_TARGET \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#define REIDENT_TARGET_INLINE REIDENT_TARGET inline __attribute__((always_inline))

/// Numbers in a register, rows of queries in registers at once, and registers a row and step.
constexpr int64_t lanes = 16, block_rows = 6, block_registers = 4;
/// Rows that are taken through the stages together: so often a tile is read from the first cache.
constexpr int64_t group_rows = 4 * block_rows;

/// Whether the processor has what the functions below are compiled for.
inline bool has_tiles() {
    static const bool has = __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512dq") &&
                            __builtin_cpu_supports("avx512bf16");
    return has;
}

/// How numbers of a kind are multiplied: `word` is what one step of a product takes of a row.
/// `words` reads sixteen words of a row, `joined` sixteen of a number of each of `depth` rows, of
/// which `next` is the second, if there is one; numbers of another kind are rounded.
struct Single {
    using number = float;
    using word = float;
    static constexpr int64_t depth = 1;  // numbers in a word
    REIDENT_TARGET_INLINE static __m512 step(__m512 sum, word row, const word *columns) {
        return _mm512_fmadd_ps(_mm512_set1_ps(row), _mm512_loadu_ps(columns), sum);
    }
    REIDENT_TARGET_INLINE static void store(__m512 values, float *place) {
        _mm512_storeu_ps(place, values);
    }
    REIDENT_TARGET_INLINE static __m512i words(const float *row) {
        return _mm512_loadu_si512(row);
    }
    REIDENT_TARGET_INLINE static __m512i joined(const float *row, const float *) {
        return _mm512_loadu_si512(row);
    }
};

struct Half {
    using number = uint16_t;
    using word = uint32_t;
    static constexpr int64_t depth = 2;
    REIDENT_TARGET_INLINE static __m512 step(__m512 sum, word row, const word *columns) {
        return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(row)),
                                (__m512bh)_mm512_loadu_si512(columns));
    }
    REIDENT_TARGET_INLINE static __m512 loaded(const uint16_t *numbers) {
        auto wide = _mm512_cvtepu16_epi32(half_register(numbers));
        return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    REIDENT_TARGET_INLINE static void store(__m512 values, uint16_t *place) {
        __m256bh rounded = _mm512_cvtneps_pbh(values);
        std::memcpy(place, &rounded, sizeof rounded);
    }
    REIDENT_TARGET_INLINE static __m512i words(const uint16_t *row) {
        return _mm512_loadu_si512(row);
    }
    REIDENT_TARGET_INLINE static __m512i words(const float *row) {
        return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(row + lanes), _mm512_loadu_ps(row));
    }
    template <typename Number>
    REIDENT_TARGET_INLINE static __m512i joined(const Number *row, const Number *next) {
        auto low = _mm512_cvtepu16_epi32(half_register(row));
        if (next == nullptr) return low;
        auto high = _mm512_cvtepu16_epi32(half_register(next));
        return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }

private:
    REIDENT_TARGET_INLINE static __m256i half_register(const uint16_t *numbers) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(numbers));
    }
    REIDENT_TARGET_INLINE static __m256i half_register(const float *numbers) {
        return (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(numbers));
    }
};

/// e^x for x of at most 0, to a few units in the last place; 0 far below.
REIDENT_TARGET_INLINE __m512 exponential(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-87.0f), x);  // in this order no number stays none
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    // ln 2 in two parts, so that the remainder is exact.
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    // The series of e^r for |r| of at most ln(2)/2.
    __m512 y = _mm512_set1_ps(1.0f / 720);
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 120));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 24));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 6));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.5f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(y, n);
}

/// Where a product's sums go, rows a `stride` apart: in place of what is there, or added to it.
struct Sums {
    float *numbers;
    int64_t stride;
    bool adds = false;

    REIDENT_TARGET_INLINE __m512 start(int64_t row, int64_t column) const {
        return adds ? _mm512_loadu_ps(numbers + row * stride + column) : _mm512_setzero_ps();
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        _mm512_storeu_ps(numbers + row * stride + column, sum);
    }
};

/// rows · columns over `count` words, for ROWS rows and 16 · REGISTERS columns: sums start at what
/// `place` says and go there. The columns' words of one step lie side by side, steps one after
/// another; words of a row are STEP apart.
template <typename Kind, int64_t ROWS, int64_t REGISTERS, int64_t STEP = 1, typename Place>
REIDENT_TARGET_INLINE void multiply(const typename Kind::word *const *rows,
                                    const typename Kind::word *columns, int64_t count,
                                    const Place &place) {
    __m512 sum[ROWS][REGISTERS];
#pragma GCC unroll 8
    for (int64_t r = 0; r < ROWS; ++r) {
#pragma GCC unroll 8
        for (int64_t c = 0; c < REGISTERS; ++c) sum[r][c] = place.start(r, c * lanes);
    }
    for (int64_t k = 0; k < count; ++k, columns += REGISTERS * lanes) {
#pragma GCC unroll 8
        for (int64_t r = 0; r < ROWS; ++r) {
#pragma GCC unroll 8
            for (int64_t c = 0; c < REGISTERS; ++c) {
                sum[r][c] = Kind::step(sum[r][c], rows[r][k * STEP], columns + c * lanes);
            }
        }
    }
#pragma GCC unroll 8
    for (int64_t r = 0; r < ROWS; ++r) {
#pragma GCC unroll 8
        for (int64_t c = 0; c < REGISTERS; ++c) place.finish(r, c * lanes, sum[r][c]);
    }
}

/// Columns are cut into tiles of as equal widths as can be, so that none is a narrow rest; each
/// tile lies in one piece. Gives the first register behind the tile that begins at `first`.
inline int64_t end_of_tile(int64_t first, int64_t registers, int64_t most = block_registers) {
    int64_t left = registers - first;
    int64_t tiles = (left + most - 1) / most;
    return first + (left + tiles - 1) / tiles;
}

/// The same for all tiles and for `row_count` rows, a multiple of `block_rows`.
template <typename Kind>
REIDENT_TARGET_INLINE void multiply_all(const typename Kind::word *const *rows, int64_t row_count,
                                        const typename Kind::word *columns, int64_t registers,
                                        int64_t count, float *sums, int64_t sums_stride) {
    for (int64_t c = 0; c < registers;) {
        int64_t end = end_of_tile(c, registers);
        const auto *tile = columns + c * lanes * count;
        for (int64_t r = 0; r < row_count; r += block_rows) {
            Sums out{sums + r * sums_stride + c * lanes, sums_stride};
            switch (end - c) {
                case 4: multiply<Kind, block_rows, 4>(rows + r, tile, count, out); break;
                case 3: multiply<Kind, block_rows, 3>(rows + r, tile, count, out); break;
                case 2: multiply<Kind, block_rows, 2>(rows + r, tile, count, out); break;
                default: multiply<Kind, block_rows, 1>(rows + r, tile, count, out); break;
            }
        }
        c = end;
    }
}

/// Turns a row of `tokens` scores, in a row of `padded` places, into weights that are not yet
/// divided by their sum, which is returned.
template <typename Kind>
REIDENT_TARGET_INLINE float weigh(const float *scores, int64_t tokens, int64_t padded, float scale,
                                  typename Kind::number *weights) {
    __m512 infinite = _mm512_set1_ps(-INFINITY), largest = infinite, total = _mm512_setzero_ps();
    for (int64_t j = 0; j < padded; j += lanes) {
        auto valid = static_cast<__mmask16>(
            tokens - j >= lanes ? 0xffff : (1u << std::max<int64_t>(0, tokens - j)) - 1);
        largest = _mm512_max_ps(largest,
                                _mm512_mask_loadu_ps(infinite, valid, scores + j));
    }
    __m512 shift = _mm512_set1_ps(_mm512_reduce_max_ps(largest) * scale);
    __m512 factor = _mm512_set1_ps(scale);
    for (int64_t j = 0; j < padded; j += lanes) {
        auto valid = static_cast<__mmask16>(
            tokens - j >= lanes ? 0xffff : (1u << std::max<int64_t>(0, tokens - j)) - 1);
        __m512 y = exponential(_mm512_fmsub_ps(_mm512_loadu_ps(scores + j), factor, shift));
        y = _mm512_maskz_mov_ps(valid, y);
        total = _mm512_add_ps(total, y);
        Kind::store(y, weights + j);
    }
    return _mm512_reduce_add_ps(total);
}

/// Sixteen rows of sixteen words become columns, `stride` words apart.
REIDENT_TARGET_INLINE void transpose(__m512i (&r)[lanes], void *columns, int64_t stride) {
    static_assert(sizeof(Single::word) == 4 && sizeof(Half::word) == 4);
    __m512i t[lanes];
#pragma GCC unroll 8
    for (int64_t i = 0; i < lanes; i += 2) {  // neighbours of rows
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < lanes; i += 4) {  // fours of rows
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {  // quarters of registers
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {
        auto *place = static_cast<uint32_t *>(columns) + i * stride;
        _mm512_storeu_si512(place, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
        _mm512_storeu_si512(place + 4 * stride,
                            _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
        _mm512_storeu_si512(place + 8 * stride, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
        _mm512_storeu_si512(place + 12 * stride,
                            _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
    }
}

/// Rows, `row` numbers apart, become columns: words of a step lie side by side, as `multiply` wants
/// them for rows · columnsᵀ. Places behind the last token are zero.
template <typename Kind, int64_t MOST = block_registers, typename Number>
REIDENT_TARGET void arrange_columns(const Number *tokens_values, int64_t row, int64_t tokens,
                                    int64_t padded, int64_t width, typename Kind::word *columns) {
    using word = typename Kind::word;
    constexpr int64_t depth = Kind::depth;
    int64_t words = width / depth;
    for (int64_t c = 0; c < padded / lanes;) {
        int64_t end = end_of_tile(c, padded / lanes, MOST), side = (end - c) * lanes;
        word *tile = columns + c * lanes * words;
        for (int64_t j = c * lanes; j < end * lanes; j += lanes) {
            for (int64_t k = 0; k < words; k += lanes) {
                // A width that is no multiple of sixteen words: the last ones are taken again.
                int64_t from = std::min(k, words - lanes);
                __m512i rows[lanes];
                for (int64_t i = 0; i < lanes; ++i) {
                    rows[i] = j + i < tokens
                                  ? Kind::words(tokens_values + (j + i) * row + from * depth)
                                  : _mm512_setzero_si512();
                }
                transpose(rows, tile + from * side + j - c * lanes, side);
            }
        }
        c = end;
    }
}

/// Rows stay rows, so that a word holds numbers of neighbouring tokens, as `multiply` wants them
/// for weights · rows. Places behind the last token are zero.
template <typename Kind, int64_t MOST = block_registers, typename Number>
REIDENT_TARGET void arrange_rows(const Number *tokens_values, int64_t row, int64_t tokens,
                                 int64_t padded, int64_t width, typename Kind::word *columns) {
    using word = typename Kind::word;
    constexpr int64_t depth = Kind::depth;
    for (int64_t c = 0; c < width / lanes;) {
        int64_t end = end_of_tile(c, width / lanes, MOST), side = (end - c) * lanes;
        word *tile = columns + c * lanes * (padded / depth);
        for (int64_t j = 0; j < padded; j += depth) {
            const auto *token = tokens_values + j * row + c * lanes;
            word *line = tile + j / depth * side;
            for (int64_t d = 0; d < side; d += lanes) {
                if (j >= tokens) {
                    std::fill(line + d, line + d + lanes, word{});
                } else {
                    const auto *next = j + 1 < tokens ? token + row + d : nullptr;
                    _mm512_storeu_si512(line + d, Kind::joined(token + d, next));
                }
            }
        }
        c = end;
    }
}

}  // namespace
}  // namespace reident

#endif
