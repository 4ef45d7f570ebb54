// Products of 8-bit integers on processors with AVX2 alone: bytes are widened to 16 bits, so that
// sums of two products are exact, which those of AVX2's own products of bytes are not. That is half
// of what four bytes at once would be, and up to twice as fast as fp32.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "int8_kernels.hpp"
#include "numbers.hpp"

#ifdef REIDENT_X86
namespace reident {
namespace {

#define REIDENT_AVX2 __attribute__((target("avx2,fma")))

/// By Abramowitz and Stegun's formula 7.1.26 of the error function, which errs by 1.5e-7 at most.
REIDENT_INLINE float branchless_gelu(float x) {
    float z = std::abs(x) * 0.70710678f;
    float t = 1 / (z * 0.3275911f + 1);
    float y = 1.061405429f;
    y = y * t - 1.453152027f;
    y = y * t + 1.421413741f;
    y = y * t - 0.284496736f;
    y = y * t + 0.254829592f;
    float negative = 0.5f * x * (y * t * exponential(-z * z));  // 1 - erf(z) is in brackets
    return x < 0 ? negative : x - negative;
}

struct Avx2 {
    using Value = int16_t;
    /// Outputs of a tile, in two registers of sums of two products each.
    static constexpr int64_t width = 8;

    static bool is_available() {
        static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        return has;
    }

    template <typename Number>
    REIDENT_AVX2 static void to_bytes(const Number *x, int64_t count, Bytes<Value> &bytes,
                                      int64_t row) {
        float smallest = 0, largest = 0, invalid = 0;
#pragma omp simd reduction(min : smallest) reduction(max : largest) reduction(+ : invalid)
        for (int64_t k = 0; k < count; ++k) {
            float value = loaded(x[k]);
            smallest = value < smallest ? value : smallest;
            largest = value > largest ? value : largest;
            invalid += value * 0;
        }
        set_range(smallest, largest, invalid, bytes, row);
        float inverse = inverse_of(bytes.scales[row]);
        auto zero = static_cast<float>(bytes.zeros[row]);
        Value *place = bytes.values.data() + row * bytes.stride;
#pragma omp simd
        for (int64_t k = 0; k < count; ++k) {
            float value = loaded(x[k]) * inverse + zero;
            value = value > 0 ? value : 0;  // in this order NaN becomes 0
            value = value < 255 ? value : 255;
            // Added, a multiple of 2^23 leaves no place for fractions: the lowest bits are the
            // nearest whole number.
            float shifted = value + 12582912.0f;
            uint32_t bits;
            std::memcpy(&bits, &shifted, sizeof bits);
            place[k] = static_cast<Value>(bits & 0xff);
        }
    }

    /// Sums of products of the rows with the first eight outputs of `words`, a part of a panel.
    REIDENT_AVX2 static void multiply(const Value *const *values, const int8_t *words,
                                      int64_t stride, int32_t (*sums)[panel_width]) {
        __m256i sum[tile_rows][2];
#pragma GCC unroll 8
        for (int64_t r = 0; r < tile_rows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
        for (int64_t k = 0; k < stride; k += depth) {
            auto *place = reinterpret_cast<const __m128i *>(words + k * panel_width);
            __m256i first = _mm256_cvtepi8_epi16(_mm_loadu_si128(place));
            __m256i second = _mm256_cvtepi8_epi16(_mm_loadu_si128(place + 1));
#pragma GCC unroll 8
            for (int64_t r = 0; r < tile_rows; ++r) {
                int64_t word;
                std::memcpy(&word, values[r] + k, sizeof word);
                __m256i factor = _mm256_set1_epi64x(word), product;
                // Row after row, in all sixteen registers: from intrinsics GCC computes all
                // products first and keeps sums in memory, at less than half the speed.
                asm volatile(
                    "vpmaddwd %[first], %[factor], %[product]\n\t"
                    "vpmaddwd %[second], %[factor], %[factor]\n\t"
                    "vpaddd %[product], %[sum], %[sum]\n\t"
                    "vpaddd %[factor], %[next], %[next]"
                    : [sum] "+x"(sum[r][0]), [next] "+x"(sum[r][1]), [factor] "+x"(factor),
                      [product] "=&x"(product)
                    : [first] "x"(first), [second] "x"(second));
            }
        }
#pragma GCC unroll 8
        for (int64_t r = 0; r < tile_rows; ++r) {
            // Adding neighbours leaves outputs 0, 1, 4, 5 in the lower half.
            __m256i whole = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum[r][0], sum[r][1]), 0xd8);
            _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums[r]), whole);
        }
    }

    /// What follows the product of one row.
    template <typename Number, re_activation ACTIVATION>
    REIDENT_AVX2 static void finish(const int32_t *sums, float row_scale, int32_t zero,
                                    int64_t column, const Output &output, int64_t row) {
        int64_t columns = std::min(panel_width, output.width - column);
        const float *scales = output.scales + column, *bias = output.bias + column;
        const int32_t *weights = output.sums + column;
        auto *out = static_cast<Number *>(output.values) + row * output.width + column;
        float values[panel_width];
#pragma omp simd
        for (int64_t c = 0; c < panel_width; ++c) {
            float y = static_cast<float>(sums[c] - zero * weights[c]) * (row_scale * scales[c]);
            y += bias[c];
            if constexpr (ACTIVATION == RE_SWISH) y = y / (1 + exponential(-y));
            if constexpr (ACTIVATION == RE_GELU) y = branchless_gelu(y);
            values[c] = y;
        }
        if (output.residual != nullptr) {
            const auto *residual =
                static_cast<const Number *>(output.residual) + row * output.width + column;
#pragma omp simd
            for (int64_t c = 0; c < columns; ++c) values[c] += loaded(residual[c]);
        }
#pragma omp simd
        for (int64_t c = 0; c < columns; ++c) store(values[c], out + c);
    }

    template <typename Number>
    static void tile(const Bytes<Value> &bytes, int64_t row, int64_t rows, const int8_t *panel,
                     int64_t column, const Output &output, int64_t first_row) {
        const Value *values[tile_rows];
        for (int64_t r = 0; r < tile_rows; ++r) {  // the last tile repeats its last row
            values[r] = bytes.values.data() + (row + std::min(r, rows - 1)) * bytes.stride;
        }
        int32_t sums[tile_rows][panel_width];
        for (int64_t c = 0; c < panel_width; c += width) {
            auto *part = reinterpret_cast<int32_t (*)[panel_width]>(&sums[0][c]);
            multiply(values, panel + c * depth, bytes.stride, part);
        }
        with_activation(output.activation, [&](auto activation) {
            for (int64_t r = 0; r < rows; ++r) {
                finish<Number, decltype(activation)::value>(
                    sums[r], bytes.scales[row + r], bytes.zeros[row + r], column, output,
                    first_row + row + r);
            }
        });
    }
};

}  // namespace
}  // namespace reident
#endif
