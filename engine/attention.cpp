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

/// Numbers in a register, rows of queries worked on at once, and registers a row and step.
constexpr int64_t lanes = 16, block_rows = 6, block_registers = 4;

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

/// sums[row][16 · REGISTERS] = rows · columns over `count` words; columns lie `stride` words apart.
template <typename Kind, int64_t REGISTERS>
REIDENT_TARGET_INLINE void multiply(const typename Kind::word *const *rows,
                                    const typename Kind::word *columns, int64_t stride,
                                    int64_t count, float *sums, int64_t sums_stride) {
    __m512 sum[block_rows][REGISTERS];
    for (auto &row : sum)
        for (auto &part : row) part = _mm512_setzero_ps();
    for (int64_t k = 0; k < count; ++k, columns += stride) {
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

/// The same for any number of registers.
template <typename Kind>
REIDENT_TARGET_INLINE void multiply_all(const typename Kind::word *const *rows,
                                        const typename Kind::word *columns, int64_t registers,
                                        int64_t stride, int64_t count, float *sums,
                                        int64_t sums_stride) {
    int64_t c = 0;
    for (; c + block_registers <= registers; c += block_registers) {
        multiply<Kind, block_registers>(rows, columns + c * lanes, stride, count,
                                        sums + c * lanes, sums_stride);
    }
    for (; c < registers; ++c) {
        multiply<Kind, 1>(rows, columns + c * lanes, stride, count, sums + c * lanes, sums_stride);
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
          weights(static_cast<size_t>(padded * block_rows)),
          scores(static_cast<size_t>(std::max(padded, width) * block_rows)) {}
};

/// Lays a head's keys side by side and its values so that a word holds those of neighbouring
/// tokens; places behind the last token are zero.
template <typename Kind>
void arrange(const typename Kind::number *qkv, int64_t row, int64_t key, int64_t value,
             int64_t tokens, int64_t padded, int64_t width, Scratch<Kind> &scratch) {
    using word = typename Kind::word;
    constexpr int64_t depth = Kind::depth;
    int64_t words = width / depth;
    std::fill(scratch.keys.begin(), scratch.keys.end(), word{});
    std::fill(scratch.values.begin(), scratch.values.end(), word{});
    for (int64_t first = 0; first < tokens; first += lanes) {
        int64_t last = std::min(tokens, first + lanes);
        for (int64_t k = 0; k < words; ++k) {
            word *line = scratch.keys.data() + k * padded;
            for (int64_t j = first; j < last; ++j) {
                std::memcpy(line + j, qkv + j * row + key + k * depth, sizeof(word));
            }
        }
    }
    auto *flat = reinterpret_cast<typename Kind::number *>(scratch.values.data());
    for (int64_t j = 0; j < tokens; ++j) {
        const auto *source = qkv + j * row + value;
        auto *line = flat + j / depth * width * depth + j % depth;
        for (int64_t d = 0; d < width; ++d) line[d * depth] = source[d];
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
    for (int64_t first = 0; first < tokens; first += block_rows) {
        const word *rows[block_rows];
        for (int64_t r = 0; r < block_rows; ++r) {
            // The last block repeats its last row.
            rows[r] = reinterpret_cast<const word *>(qkv + std::min(first + r, tokens - 1) * row);
        }
        multiply_all<Kind>(rows, scratch.keys.data(), padded / lanes, padded, width / Kind::depth,
                           scratch.scores.data(), padded);
        float totals[block_rows];
        for (int64_t r = 0; r < block_rows; ++r) {
            number *weights = scratch.weights.data() + r * padded;
            totals[r] = weigh<Kind>(scratch.scores.data() + r * padded, tokens, padded, scale,
                                    weights);
            rows[r] = reinterpret_cast<const word *>(weights);
        }
        multiply_all<Kind>(rows, scratch.values.data(), width / lanes, width,
                           padded / Kind::depth, scratch.scores.data(), width);
        for (int64_t r = 0; r < block_rows && first + r < tokens; ++r) {
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
    auto joined = qkv.contiguous();
    if (joined.scalar_type() == at::kFloat) return computed<Single>(joined, heads);
    if (joined.scalar_type() == at::kBFloat16) return computed<Half>(joined, heads);
    return std::nullopt;
}

#else

std::optional<at::Tensor> own_attention(const at::Tensor &, int64_t) { return std::nullopt; }

#endif

}  // namespace reident
