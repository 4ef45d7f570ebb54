// What the products of 8-bit integers behind int8_linear.cpp have in common: rows as bytes, what is
// done with a tile's sums, and the kernel for any processor, the tests' yardstick. Those of one
// processor each are in int8_avx2.hpp and int8_avx512.hpp.
//
// The tile is that of Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication,
// 2008).
//
// SPDX-License-Identifier: MIT
#pragma once

#include "boundary.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REIDENT_X86 1
// GCC 12's own header leaves registers undefined on purpose, and warns of it (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace reident {
namespace {

/// Outputs that lie side by side in the packed weights, inputs of one step of a product, and rows
/// that share what is read of the weights.
constexpr int64_t panel_width = 64, depth = 4, tile_rows = 6;
/// Rows that are brought to bytes together; with a panel they fit the second cache.
constexpr int64_t block_rows = 32 * tile_rows;

int64_t rounded_up(int64_t count, int64_t multiple) {
    return (count + multiple - 1) / multiple * multiple;
}

/// What is done with a tile's sums.
struct Output {
    const float *scales, *bias;  // one an output, padded to whole panels
    const int32_t *sums;         // of an output's weights
    re_activation activation;
    const void *residual;        // or null
    void *values;
    int64_t width;               // outputs, and numbers in a row of residual and values
};

/// Rows as bytes, each in a number of the kernel's own width.
template <typename Value>
struct Bytes {
    std::vector<Value> values;
    std::vector<float> scales;
    std::vector<int32_t> zeros;
    int64_t stride;

    Bytes(int64_t rows, int64_t count)
        : values(static_cast<size_t>(rows * count)), scales(static_cast<size_t>(rows)),
          zeros(static_cast<size_t>(rows)), stride(count) {}
};

/// Smallest and largest number of a row, 0 among them, as its scale and zero; a number that is not
/// finite makes the scale none.
template <typename Value>
void set_range(float smallest, float largest, float invalid, Bytes<Value> &bytes, int64_t row) {
    float scale = (largest - smallest) / 255;
    // Without any range every number is 0, and so is its byte.
    bytes.scales[row] = scale + invalid;
    bytes.zeros[row] = scale > 0 && std::isfinite(scale)
                           ? static_cast<int32_t>(std::nearbyint(-smallest / scale)) : 0;
}

float inverse_of(float scale) { return scale > 0 && std::isfinite(scale) ? 1 / scale : 0; }

float activated(float x, re_activation activation) {
    if (activation == RE_SWISH) return x / (1 + std::exp(-x));
    if (activation == RE_GELU) return 0.5f * x * (1 + std::erf(x * 0.70710678f));
    return x;
}

/// Calls `run` with the activation as a constant.
template <typename Run>
void with_activation(re_activation activation, Run run) {
    switch (activation) {
        case RE_SWISH: return run(std::integral_constant<re_activation, RE_SWISH>());
        case RE_GELU: return run(std::integral_constant<re_activation, RE_GELU>());
        default: return run(std::integral_constant<re_activation, RE_NO_ACTIVATION>());
    }
}

/// The kernel for any processor.

struct Plain {
    using Value = uint8_t;

    template <typename Number>
    static void to_bytes(const Number *x, int64_t count, Bytes<Value> &bytes, int64_t row) {
        float smallest = 0, largest = 0, invalid = 0;
        for (int64_t k = 0; k < count; ++k) {
            float value = static_cast<float>(x[k]);
            smallest = std::min(smallest, value);
            largest = std::max(largest, value);
            invalid += value * 0;
        }
        set_range(smallest, largest, invalid, bytes, row);
        float inverse = inverse_of(bytes.scales[row]);
        auto zero = static_cast<float>(bytes.zeros[row]);
        for (int64_t k = 0; k < count; ++k) {
            float value = std::nearbyint(static_cast<float>(x[k]) * inverse + zero);
            bytes.values[row * bytes.stride + k] =
                static_cast<uint8_t>(std::min(255.0f, std::max(0.0f, value)));
        }
    }

    template <typename Number>
    static void tile(const Bytes<Value> &bytes, int64_t row, int64_t rows, const int8_t *panel,
                     int64_t column, const Output &output, int64_t first_row) {
        int64_t columns = std::min(panel_width, output.width - column);
        for (int64_t r = row; r < row + rows; ++r) {
            int32_t sums[panel_width];
            for (int64_t c = 0; c < panel_width; ++c) {
                sums[c] = -bytes.zeros[r] * output.sums[column + c];
            }
            const uint8_t *values = bytes.values.data() + r * bytes.stride;
            for (int64_t k = 0; k < bytes.stride; k += depth) {
                const int8_t *words = panel + k * panel_width;
                for (int64_t c = 0; c < panel_width; ++c) {
                    for (int64_t i = 0; i < depth; ++i) {
                        sums[c] += static_cast<int32_t>(values[k + i]) * words[c * depth + i];
                    }
                }
            }
            auto *out = static_cast<Number *>(output.values) + (first_row + r) * output.width;
            const auto *residual = output.residual == nullptr ? nullptr
                : static_cast<const Number *>(output.residual) + (first_row + r) * output.width;
            for (int64_t c = 0; c < columns; ++c) {
                float scale = bytes.scales[r] * output.scales[column + c];
                float y = activated(static_cast<float>(sums[c]) * scale + output.bias[column + c],
                                    output.activation);
                if (residual != nullptr) y += static_cast<float>(residual[column + c]);
                out[column + c] = static_cast<Number>(y);
            }
        }
    }
};

}  // namespace
}  // namespace reident
