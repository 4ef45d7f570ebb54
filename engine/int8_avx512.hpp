// Products of 8-bit integers on processors with AVX-512 and its sums of four products (VNNI).
//
// SPDX-License-Identifier: MIT
#pragma once

#include "int8_kernels.hpp"

#ifdef REIDENT_X86
namespace reident {
namespace {

/// Numbers in a register, and registers beside one another in a tile.
constexpr int64_t lanes = 16, tile_registers = panel_width / lanes;

#define REIDENT_TARGET \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")))
#define REIDENT_TARGET_INLINE REIDENT_TARGET inline __attribute__((always_inline))

REIDENT_TARGET_INLINE __m512 loaded(const float *place, __mmask16 valid) {
    return _mm512_maskz_loadu_ps(valid, place);
}
REIDENT_TARGET_INLINE __m512 loaded(const c10::BFloat16 *place, __mmask16 valid) {
    auto halves = _mm256_maskz_loadu_epi16(valid, place);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
REIDENT_TARGET_INLINE void stored(__m512 y, float *place, __mmask16 valid) {
    _mm512_mask_storeu_ps(place, valid, y);
}
/// To the nearest, to even ones in the middle; what is no number stays none.
REIDENT_TARGET_INLINE void stored(__m512 y, c10::BFloat16 *place, __mmask16 valid) {
    auto bits = _mm512_castps_si512(y);
    auto odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    auto sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    auto none = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
    sum = _mm512_mask_or_epi32(sum, none, bits, _mm512_set1_epi32(0x400000));
    _mm256_mask_storeu_epi16(place, valid, _mm512_cvtepi32_epi16(_mm512_srli_epi32(sum, 16)));
}

/// e^x to about 2^-20, which is far below what a byte tells apart.
REIDENT_TARGET_INLINE __m512 exponential(__m512 x) {
    __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f));
    t = _mm512_max_ps(_mm512_set1_ps(-126.0f), _mm512_min_ps(_mm512_set1_ps(126.0f), t));
    __m512 n = _mm512_roundscale_ps(t, 0);
    __m512 f = _mm512_sub_ps(t, n);
    // The series of 2^f for |f| of at most 1/2.
    __m512 y = _mm512_set1_ps(1.3333558e-3f);
    y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(9.6181291e-3f));
    y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(5.5504109e-2f));
    y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(2.4022651e-1f));
    y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(6.9314718e-1f));
    y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(y, n);
}

REIDENT_TARGET_INLINE __m512 reciprocal(__m512 x) {
    __m512 y = _mm512_rcp14_ps(x);
    return _mm512_mul_ps(y, _mm512_fnmadd_ps(x, y, _mm512_set1_ps(2.0f)));
}

REIDENT_TARGET_INLINE __m512 swish(__m512 x) {
    __m512 one = _mm512_set1_ps(1.0f);
    __m512 e = exponential(_mm512_sub_ps(_mm512_setzero_ps(), x));
    return _mm512_mul_ps(x, reciprocal(_mm512_add_ps(one, e)));
}

/// By Abramowitz and Stegun's formula 7.1.26 of the error function, which errs by 1.5e-7 at most.
REIDENT_TARGET_INLINE __m512 gelu(__m512 x) {
    __m512 one = _mm512_set1_ps(1.0f);
    __m512 z = _mm512_abs_ps(_mm512_mul_ps(x, _mm512_set1_ps(0.70710678f)));
    __m512 t = reciprocal(_mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f), one));
    __m512 y = _mm512_set1_ps(1.061405429f);
    y = _mm512_fmadd_ps(y, t, _mm512_set1_ps(-1.453152027f));
    y = _mm512_fmadd_ps(y, t, _mm512_set1_ps(1.421413741f));
    y = _mm512_fmadd_ps(y, t, _mm512_set1_ps(-0.284496736f));
    y = _mm512_fmadd_ps(y, t, _mm512_set1_ps(0.254829592f));
    y = _mm512_mul_ps(y, t);
    __m512 e = exponential(_mm512_mul_ps(_mm512_sub_ps(_mm512_setzero_ps(), z), z));
    __m512 rest = _mm512_mul_ps(y, e);  // 1 - erf(z)
    __m512 negative = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), x), rest);
    auto below = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_blend_ps(below, _mm512_sub_ps(x, negative), negative);
}

inline __mmask16 first_lanes(int64_t count) {
    return static_cast<__mmask16>(
        count >= lanes ? 0xffff : (1u << std::max<int64_t>(0, count)) - 1);
}

struct Avx512 {
    using Value = uint8_t;

    static bool is_available() {
        static const bool has =
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vnni");
        return has;
    }

    template <typename Number>
    REIDENT_TARGET static void to_bytes(const Number *x, int64_t count, Bytes<Value> &bytes,
                                        int64_t row) {
        __m512 smallest = _mm512_setzero_ps(), largest = smallest, invalid = smallest;
        for (int64_t k = 0; k < count; k += lanes) {
            __m512 value = loaded(x + k, first_lanes(count - k));
            smallest = _mm512_min_ps(smallest, value);
            largest = _mm512_max_ps(largest, value);
            invalid = _mm512_fmadd_ps(value, _mm512_setzero_ps(), invalid);
        }
        set_range(_mm512_reduce_min_ps(smallest), _mm512_reduce_max_ps(largest),
                  _mm512_reduce_add_ps(invalid), bytes, row);
        __m512 inverse = _mm512_set1_ps(inverse_of(bytes.scales[row]));
        __m512 zero = _mm512_set1_ps(static_cast<float>(bytes.zeros[row]));
        uint8_t *place = bytes.values.data() + row * bytes.stride;
        for (int64_t k = 0; k < count; k += lanes) {
            auto valid = first_lanes(count - k);
            __m512 value = _mm512_fmadd_ps(loaded(x + k, valid), inverse, zero);
            __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(value), _mm512_setzero_si512());
            _mm_mask_storeu_epi8(place + k, valid, _mm512_cvtusepi32_epi8(whole));
        }
    }

    template <typename Number, re_activation ACTIVATION>
    REIDENT_TARGET static void tile_with(const Bytes<Value> &bytes, int64_t row, int64_t rows,
                                         const int8_t *panel, int64_t column,
                                         const Output &output, int64_t first_row) {
        __m512i sum[tile_rows][tile_registers];
        const uint8_t *values[tile_rows];
#pragma GCC unroll 8
        for (int64_t r = 0; r < tile_rows; ++r) {
            int64_t own = row + std::min(r, rows - 1);  // the last tile repeats its last row
            values[r] = bytes.values.data() + own * bytes.stride;
            __m512i zero = _mm512_set1_epi32(-bytes.zeros[own]);
#pragma GCC unroll 4
            for (int64_t c = 0; c < tile_registers; ++c) {
                sum[r][c] = _mm512_mullo_epi32(
                    zero, _mm512_loadu_si512(output.sums + column + c * lanes));
            }
        }
        for (int64_t k = 0; k < bytes.stride; k += depth) {
            const int8_t *words = panel + k * panel_width;
            __m512i weights[tile_registers];
#pragma GCC unroll 4
            for (int64_t c = 0; c < tile_registers; ++c) {
                weights[c] = _mm512_loadu_si512(words + c * lanes * depth);
            }
#pragma GCC unroll 8
            for (int64_t r = 0; r < tile_rows; ++r) {
                int32_t word;
                std::memcpy(&word, values[r] + k, sizeof word);
                __m512i factor = _mm512_set1_epi32(word);
#pragma GCC unroll 4
                for (int64_t c = 0; c < tile_registers; ++c) {
                    sum[r][c] = _mm512_dpbusd_epi32(sum[r][c], factor, weights[c]);
                }
            }
        }
        // Only in memory may they be counted through; until here they stay in registers.
        alignas(64) int32_t sums[tile_rows][panel_width];
#pragma GCC unroll 8
        for (int64_t r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 4
            for (int64_t c = 0; c < tile_registers; ++c) {
                _mm512_store_si512(sums[r] + c * lanes, sum[r][c]);
            }
        }
        for (int64_t c = 0; c < tile_registers; ++c) {
            int64_t begin = column + c * lanes;
            auto valid = first_lanes(output.width - begin);
            if (valid == 0) break;
            __m512 scale = _mm512_loadu_ps(output.scales + begin);
            __m512 bias = _mm512_loadu_ps(output.bias + begin);
            for (int64_t r = 0; r < rows; ++r) {
                __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(bytes.scales[row + r]));
                __m512 whole = _mm512_cvtepi32_ps(_mm512_load_si512(sums[r] + c * lanes));
                __m512 y = _mm512_fmadd_ps(whole, factor, bias);
                if constexpr (ACTIVATION == RE_SWISH) y = swish(y);
                if constexpr (ACTIVATION == RE_GELU) y = gelu(y);
                int64_t place = (first_row + row + r) * output.width + begin;
                if (output.residual != nullptr) {
                    y = _mm512_add_ps(
                        y, loaded(static_cast<const Number *>(output.residual) + place, valid));
                }
                stored(y, static_cast<Number *>(output.values) + place, valid);
            }
        }
    }

    template <typename Number>
    static void tile(const Bytes<Value> &bytes, int64_t row, int64_t rows, const int8_t *panel,
                     int64_t column, const Output &output, int64_t first_row) {
        with_activation(output.activation, [&](auto activation) {
            tile_with<Number, decltype(activation)::value>(
                bytes, row, rows, panel, column, output, first_row);
        });
    }
};

}  // namespace
}  // namespace reident
#endif
