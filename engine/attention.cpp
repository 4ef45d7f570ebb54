// Multi-head attention for inference on processors with AVX-512: queries, keys and values are read
// where the product that made them left them, and no matrix of all scores is ever written. Other
// processors, gradients and masks take LibTorch's operator, which is also the tests' yardstick.
//
// Rows of queries are multiplied with all keys of a head, the softmax is taken while they are in
// the cache, and the result with all values; keys lie side by side, so that a register holds
// sixteen of them (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008).
//
// SPDX-License-Identifier: MIT

#include "attention.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REIDENT_AVX512 1
// GCC 12's own header leaves registers undefined on purpose, and warns of it (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace reident {

#ifdef REIDENT_AVX512
namespace {

#define REIDENT_TARGET \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#define REIDENT_TARGET_INLINE REIDENT_TARGET inline __attribute__((always_inline))

/// Numbers in a register, rows of queries in registers at once, and registers a row and step.
constexpr int64_t lanes = 16, block_rows = 6, block_registers = 4;
/// Rows that are taken through the stages together: so often a tile is read from the first cache.
constexpr int64_t group_rows = 4 * block_rows;

/// How numbers of a kind are multiplied: `word` is what one step of a product takes of a row.
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
};

struct Half {
    using number = uint16_t;
    using word = uint32_t;
    static constexpr int64_t depth = 2;
    REIDENT_TARGET_INLINE static __m512 step(__m512 sum, word row, const word *columns) {
        return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(row)),
                                (__m512bh)_mm512_loadu_si512(columns));
    }
    REIDENT_TARGET_INLINE static void store(__m512 values, uint16_t *place) {
        __m256bh rounded = _mm512_cvtneps_pbh(values);
        std::memcpy(place, &rounded, sizeof rounded);
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

/// sums[row][16 · REGISTERS] = rows · columns over `count` words; the columns' words of one step
/// lie side by side, steps one after another.
template <typename Kind, int64_t REGISTERS>
REIDENT_TARGET_INLINE void multiply(const typename Kind::word *const *rows,
                                    const typename Kind::word *columns, int64_t count,
                                    float *sums, int64_t sums_stride) {
    __m512 sum[block_rows][REGISTERS];
    for (auto &row : sum)
        for (auto &part : row) part = _mm512_setzero_ps();
    for (int64_t k = 0; k < count; ++k, columns += REGISTERS * lanes) {
#pragma GCC unroll 8
        for (int64_t r = 0; r < block_rows; ++r) {
#pragma GCC unroll 8
            for (int64_t c = 0; c < REGISTERS; ++c) {
                sum[r][c] = Kind::step(sum[r][c], rows[r][k], columns + c * lanes);
            }
        }
    }
    for (int64_t r = 0; r < block_rows; ++r)
        for (int64_t c = 0; c < REGISTERS; ++c)
            _mm512_storeu_ps(sums + r * sums_stride + c * lanes, sum[r][c]);
}

/// Columns are cut into tiles of as equal widths as can be, so that none is a narrow rest; each
/// tile lies in one piece. Gives the first register behind the tile that begins at `first`.
inline int64_t end_of_tile(int64_t first, int64_t registers) {
    int64_t left = registers - first;
    int64_t tiles = (left + block_registers - 1) / block_registers;
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
            float *out = sums + r * sums_stride + c * lanes;
            switch (end - c) {
                case 4: multiply<Kind, 4>(rows + r, tile, count, out, sums_stride); break;
                case 3: multiply<Kind, 3>(rows + r, tile, count, out, sums_stride); break;
                case 2: multiply<Kind, 2>(rows + r, tile, count, out, sums_stride); break;
                default: multiply<Kind, 1>(rows + r, tile, count, out, sums_stride); break;
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

/// Memory of one thread.
template <typename Kind>
struct Scratch {
    std::vector<typename Kind::word> keys, values;
    std::vector<typename Kind::number> weights;
    std::vector<float> scores;

    Scratch(int64_t padded, int64_t width)
        : keys(static_cast<size_t>(padded * width / Kind::depth)),
          values(static_cast<size_t>(padded * width / Kind::depth)),
          weights(static_cast<size_t>(padded * group_rows)),
          scores(static_cast<size_t>(std::max(padded, width) * group_rows)) {}
};

/// Sixteen rows of sixteen words become columns; rows from `count` on are zero.
REIDENT_TARGET_INLINE void transpose(const char *rows, int64_t row_bytes, int64_t count,
                                     char *columns, int64_t column_bytes) {
    __m512i r[lanes], t[lanes];
    for (int64_t i = 0; i < lanes; ++i) {
        r[i] = i < count ? _mm512_loadu_si512(rows + i * row_bytes) : _mm512_setzero_si512();
    }
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
        char *place = columns + i * column_bytes;
        _mm512_storeu_si512(place, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
        _mm512_storeu_si512(place + 4 * column_bytes,
                            _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
        _mm512_storeu_si512(place + 8 * column_bytes,
                            _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
        _mm512_storeu_si512(place + 12 * column_bytes,
                            _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
    }
}

/// Sixteen numbers of one token, or of two neighbouring ones turn by turn; `next` null is zero.
REIDENT_TARGET_INLINE void pair(const float *token, const float *, float *place) {
    _mm512_storeu_ps(place, _mm512_loadu_ps(token));
}
REIDENT_TARGET_INLINE void pair(const uint16_t *token, const uint16_t *next, uint32_t *place) {
    auto first = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(token));
    auto second = next == nullptr ? _mm256_setzero_si256()
                                  : _mm256_loadu_si256(reinterpret_cast<const __m256i *>(next));
    auto low = _mm512_cvtepu16_epi32(first), high = _mm512_cvtepu16_epi32(second);
    _mm512_storeu_si512(place, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}

/// Lays a head's keys side by side and its values so that a word holds those of neighbouring
/// tokens; places behind the last token are zero.
template <typename Kind>
REIDENT_TARGET void arrange(const typename Kind::number *qkv, int64_t row, int64_t key,
                            int64_t value, int64_t tokens, int64_t padded, int64_t width,
                            Scratch<Kind> &scratch) {
    using word = typename Kind::word;
    using number = typename Kind::number;
    constexpr int64_t depth = Kind::depth, bytes = sizeof(number);
    int64_t words = width / depth;
    for (int64_t c = 0; c < padded / lanes;) {
        int64_t end = end_of_tile(c, padded / lanes), side = (end - c) * lanes;
        word *tile = scratch.keys.data() + c * lanes * words;
        for (int64_t j = c * lanes; j < end * lanes; j += lanes) {
            for (int64_t k = 0; k < words; k += lanes) {
                // A width that is no multiple of sixteen words: the last ones are taken again.
                int64_t from = std::min(k, words - lanes);
                transpose(reinterpret_cast<const char *>(qkv + j * row + key + from * depth),
                          row * bytes, tokens - j,
                          reinterpret_cast<char *>(tile + from * side + j - c * lanes),
                          side * static_cast<int64_t>(sizeof(word)));
            }
        }
        c = end;
    }
    for (int64_t c = 0; c < width / lanes;) {
        int64_t end = end_of_tile(c, width / lanes), side = (end - c) * lanes;
        word *tile = scratch.values.data() + c * lanes * (padded / depth);
        for (int64_t j = 0; j < padded; j += depth) {
            const number *token = qkv + j * row + value + c * lanes;
            word *line = tile + j / depth * side;
            for (int64_t d = 0; d < side; d += lanes) {
                if (j >= tokens) {
                    std::fill(line + d, line + d + lanes, word{});
                } else {
                    pair(token + d, j + 1 < tokens ? token + row + d : nullptr, line + d);
                }
            }
        }
        c = end;
    }
}

/// Asks for the numbers that the next head needs of some tokens: they lie behind this one's. Behind
/// the last head lies something else or nothing; asking for it reads nothing and cannot fail.
REIDENT_TARGET_INLINE void fetch_ahead(const char *token, int64_t token_bytes, int64_t part_bytes,
                                       int64_t head_bytes, int64_t count) {
    for (int64_t i = 0; i < count; ++i, token += token_bytes) {
        for (int64_t part = 0; part < 3; ++part) {
            for (int64_t line = 0; line < head_bytes; line += 64) {
                _mm_prefetch(token + part * part_bytes + head_bytes + line, _MM_HINT_T1);
            }
        }
    }
}

/// One head of one image: qkv is its first token's query, `row` numbers a token; the result goes
/// to `out`, `out_row` numbers a token.
template <typename Kind>
REIDENT_TARGET void attend(const typename Kind::number *qkv, int64_t row, int64_t embedding,
                           int64_t tokens, int64_t width, typename Kind::number *out,
                           int64_t out_row, Scratch<Kind> &scratch) {
    using word = typename Kind::word;
    using number = typename Kind::number;
    int64_t padded = (tokens + lanes - 1) / lanes * lanes;
    arrange<Kind>(qkv, row, embedding, 2 * embedding, tokens, padded, width, scratch);
    float scale = 1 / std::sqrt(static_cast<float>(width));
    for (int64_t first = 0; first < tokens; first += group_rows) {
        int64_t valid = std::min(group_rows, tokens - first);
        int64_t count = (valid + block_rows - 1) / block_rows * block_rows;
        constexpr int64_t bytes = sizeof(number);
        fetch_ahead(reinterpret_cast<const char *>(qkv + first * row), row * bytes,
                    embedding * bytes, width * bytes, valid);
        const word *rows[group_rows];
        for (int64_t r = 0; r < count; ++r) {
            // The last block repeats its last row.
            rows[r] = reinterpret_cast<const word *>(qkv + std::min(first + r, tokens - 1) * row);
        }
        multiply_all<Kind>(rows, count, scratch.keys.data(), padded / lanes, width / Kind::depth,
                           scratch.scores.data(), padded);
        float totals[group_rows];
        for (int64_t r = 0; r < count; ++r) {
            number *weights = scratch.weights.data() + r * padded;
            totals[r] = weigh<Kind>(scratch.scores.data() + r * padded, tokens, padded, scale,
                                    weights);
            rows[r] = reinterpret_cast<const word *>(weights);
        }
        multiply_all<Kind>(rows, count, scratch.values.data(), width / lanes,
                           padded / Kind::depth, scratch.scores.data(), width);
        for (int64_t r = 0; r < valid; ++r) {
            __m512 factor = _mm512_set1_ps(1 / totals[r]);
            for (int64_t d = 0; d < width; d += lanes) {
                Kind::store(_mm512_mul_ps(
                                _mm512_loadu_ps(scratch.scores.data() + r * width + d), factor),
                            out + (first + r) * out_row + d);
            }
        }
    }
}

template <typename Kind>
at::Tensor computed(const at::Tensor &qkv, int64_t heads) {
    using number = typename Kind::number;
    int64_t count = qkv.size(0), tokens = qkv.size(1), embedding = qkv.size(2) / 3;
    int64_t width = embedding / heads;
    int64_t padded = (tokens + lanes - 1) / lanes * lanes;
    auto result = at::empty({count, tokens, embedding}, qkv.options());
    const auto *from = static_cast<const number *>(qkv.const_data_ptr());
    auto *to = static_cast<number *>(result.mutable_data_ptr());
    at::parallel_for(0, count * heads, 1, [&](int64_t first, int64_t last) {
        Scratch<Kind> scratch(padded, width);
        for (int64_t task = first; task < last; ++task) {
            int64_t image = task / heads, head = task % heads;
            attend<Kind>(from + image * tokens * 3 * embedding + head * width, 3 * embedding,
                         embedding, tokens, width,
                         to + image * tokens * embedding + head * width, embedding, scratch);
        }
    });
    return result;
}

bool has_instructions() {
    static const bool has = __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512dq") &&
                            __builtin_cpu_supports("avx512bf16");
    return has;
}

}  // namespace

std::optional<at::Tensor> own_attention(const at::Tensor &qkv, int64_t heads) {
    bool fits = qkv.dim() == 3 && qkv.size(2) % (3 * heads * lanes) == 0 && qkv.numel() > 0;
    if (!fits || !qkv.is_cpu() || !has_instructions()) return std::nullopt;
    // A register of words of one token's key, see transpose().
    int64_t width = qkv.size(2) / 3 / heads, depth = qkv.scalar_type() == at::kFloat ? 1 : 2;
    if (width < depth * lanes) return std::nullopt;
    auto joined = qkv.contiguous();
    if (joined.scalar_type() == at::kFloat) return computed<Single>(joined, heads);
    if (joined.scalar_type() == at::kBFloat16) return computed<Half>(joined, heads);
    return std::nullopt;
}

#else

std::optional<at::Tensor> own_attention(const at::Tensor &, int64_t) { return std::nullopt; }

#endif

}  // namespace reident
