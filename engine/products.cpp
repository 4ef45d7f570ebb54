// Products of a training step in bf16 on processors with AVX-512. A linear layer multiplies the
// same three matrices in three ways, and for both gradients oneDNN turns one of them; here matrices
// are only arranged as words of two numbers, as the processor multiplies them, and read from there
// by all threads. Other processors take oneDNN's routine, whose results in fp32 the tests expect.
//
// A factor whose rows run along what is summed over is read where it lies. Of the other one, words
// of up to 48 columns lie side by side; they pass by while a tile of 8 rows stays in registers.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kernels.hpp"
#include "tiles.hpp"

namespace reident {

#ifdef REIDENT_AVX512
namespace {

constexpr int64_t tile_rows = 8, tile_registers = 3, tile_columns = tile_registers * lanes;
/// Steps of two rows after which the weight's gradient writes a tile: batches have any number of
/// rows, and a tile's words shall fit the second cache.
constexpr int64_t deepest = 1024;
/// Words of rows that stay in the second cache beside a tile's while all tiles pass by.
constexpr int64_t group_words = 1 << 17;
/// Of fewer rows, arranging a weight takes too large a part.
constexpr int64_t fewest_rows = 512;

using Rows = std::array<const uint32_t *, tile_rows>;

/// A tile; words of a row are STEP apart.
template <int64_t STEP, typename Place>
REIDENT_TARGET void multiply_tile(const Rows &rows, const uint32_t *columns, int64_t width,
                                  int64_t steps, const Place &place) {
    switch (width / lanes) {
        case 3: multiply<Half, tile_rows, 3, STEP>(rows.data(), columns, steps, place); break;
        case 2: multiply<Half, tile_rows, 2, STEP>(rows.data(), columns, steps, place); break;
        default: multiply<Half, tile_rows, 1, STEP>(rows.data(), columns, steps, place);
    }
}

/// Sums start at a bias, if there is one.
REIDENT_TARGET_INLINE __m512 started(const float *bias, int64_t column) {
    return bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(bias + column);
}

/// The first rows of a tile, rounded, plus a bias, if there is one.
struct Rounded {
    uint16_t *numbers;
    int64_t stride, rows;
    const float *bias;

    REIDENT_TARGET_INLINE __m512 start(int64_t, int64_t column) const {
        return started(bias, column);
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        if (row < rows) Half::store(sum, numbers + row * stride + column);
    }
};

/// The same in fp32, plus a residual.
struct Added {
    float *numbers;
    const float *residual;
    int64_t stride, rows;
    const float *bias;

    REIDENT_TARGET_INLINE __m512 start(int64_t row, int64_t column) const {
        __m512 sum = started(bias, column);
        if (row >= rows) return sum;
        return _mm512_add_ps(sum, _mm512_loadu_ps(residual + row * stride + column));
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        if (row < rows) _mm512_storeu_ps(numbers + row * stride + column, sum);
    }
};

/// sigmoid(1.702 x)
REIDENT_TARGET_INLINE __m512 gate(__m512 x) {
    __m512 value = _mm512_mul_ps(_mm512_set1_ps(quick_gelu_slope), x);
    __m512 power = exponential(_mm512_or_ps(value, _mm512_set1_ps(-0.0f)));  // e^-|value|
    __m512 divisor = _mm512_add_ps(power, _mm512_set1_ps(1));
    // An estimate of 14 bits, and one step of Newton's for 28.
    __m512 inverse = _mm512_rcp14_ps(divisor);
    inverse = _mm512_mul_ps(inverse,
                            _mm512_fnmadd_ps(divisor, inverse, _mm512_set1_ps(2)));
    __mmask16 negative = _mm512_movepi32_mask(_mm512_castps_si512(value));
    return _mm512_mask_mul_ps(inverse, negative, inverse, power);
}

/// The first rows of a tile plus a bias, rounded, and QuickGELU of what they were before rounding.
struct Activated {
    uint16_t *before, *after;
    int64_t stride, rows;
    const float *bias;

    REIDENT_TARGET_INLINE __m512 start(int64_t, int64_t column) const {
        return started(bias, column);
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        if (row >= rows) return;
        Half::store(sum, before + row * stride + column);
        Half::store(_mm512_mul_ps(sum, gate(sum)), after + row * stride + column);
    }
};

/// The first rows of a tile times QuickGELU's derivative where it was taken, rounded: with
/// s = sigmoid(c x), the derivative of x s is s (1 + c x (1 - s)).
struct Differentiated {
    uint16_t *numbers;
    const uint16_t *before;
    int64_t stride, rows;

    REIDENT_TARGET_INLINE __m512 start(int64_t row, int64_t column) const {
        // They come from memory while the products are computed.
        if (row < rows) _mm_prefetch(before + row * stride + column, _MM_HINT_T0);
        return _mm512_setzero_ps();
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        if (row >= rows) return;
        __m512 x = Half::loaded(before + row * stride + column), one = _mm512_set1_ps(1);
        __m512 s = gate(x);
        __m512 value = _mm512_mul_ps(_mm512_set1_ps(quick_gelu_slope), x);
        __m512 slope = _mm512_mul_ps(s, _mm512_fmadd_ps(value, _mm512_sub_ps(one, s), one));
        Half::store(_mm512_mul_ps(sum, slope), numbers + row * stride + column);
    }
};

/// Words of a matrix's columns, tile after tile; a tile has `steps` lines of as many columns.
struct Arranged {
    at::Tensor memory;
    int64_t columns, steps;

    Arranged(int64_t columns, int64_t steps)
        : memory(at::empty({columns * steps}, at::TensorOptions(at::kInt))), columns(columns),
          steps(steps) {}

    int64_t width(int64_t column) const { return std::min(tile_columns, columns - column); }
    uint32_t *tile(int64_t column) const {
        return static_cast<uint32_t *>(memory.data_ptr()) + column * steps;
    }

    /// Calls body(first column) for all tiles, on all threads.
    template <typename Body>
    void over_tiles(Body &&body) const {
        int64_t tiles = (columns + tile_columns - 1) / tile_columns;
        at::parallel_for(0, tiles, 1, [&](int64_t first, int64_t last) {
            for (int64_t tile = first; tile < last; ++tile) body(tile * tile_columns);
        });
    }
};

/// Shares `count` parts of so many words out to threads, in groups: body(first part, part behind
/// the last).
template <typename Body>
void over_groups(int64_t count, int64_t words, Body &&body) {
    int64_t most = std::max<int64_t>(1, group_words / words);
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
        int64_t groups = (last - first + most - 1) / most;
        for (int64_t group = 0; group < groups; ++group) {
            body(first + (last - first) * group / groups,
                 first + (last - first) * (group + 1) / groups);
        }
    });
}

/// The sums of sixteen columns, whose words lie line after line; added to what is there, or not.
REIDENT_TARGET void add_words(const uint32_t *words, int64_t steps, float *sums, bool adds) {
    __m512 sum = adds ? _mm512_loadu_ps(sums) : _mm512_setzero_ps();
    for (int64_t step = 0; step < steps; ++step) {
        sum = Half::step(sum, 0x3f803f80, words + step * lanes);  // times two ones in bf16
    }
    _mm512_storeu_ps(sums, sum);
}

const uint16_t *halves(const at::Tensor &matrix) {
    return static_cast<const uint16_t *>(matrix.const_data_ptr());
}

void require_halves(const at::Tensor &matrix) {
    TORCH_CHECK(matrix.is_cpu() && matrix.is_contiguous() && matrix.scalar_type() == at::kBFloat16,
                "a product of contiguous bf16 got ", matrix.toString(), " of ", matrix.sizes());
}

/// Calls body with a weight's numbers, which are rounded on the way if they are in fp32.
template <typename Body>
void with_numbers(const at::Tensor &weight, Body &&body) {
    if (weight.scalar_type() == at::kFloat) return body(weight.const_data_ptr<float>());
    body(halves(weight));
}

/// rows [M, S] times arranged columns [S, N], S being two for each step. `place(start, column,
/// left)` says what becomes of a tile whose first number has the index `start` in [M, N], of which
/// so many rows are left.
template <typename Place>
void multiply_rows(const at::Tensor &rows, const Arranged &arranged, Place &&place) {
    require_halves(rows);
    int64_t count = rows.size(0), columns = arranged.columns, steps = arranged.steps;
    const auto *from = reinterpret_cast<const uint32_t *>(halves(rows));
    int64_t tiles = (count + tile_rows - 1) / tile_rows;
    over_groups(tiles, tile_rows * steps, [&](int64_t first, int64_t last) {
        for (int64_t column = 0; column < columns; column += tile_columns) {
            for (int64_t row = first * tile_rows; row < std::min(count, last * tile_rows);
                 row += tile_rows) {
                Rows places;
                for (int64_t r = 0; r < tile_rows; ++r) {
                    // The last tile repeats its last row.
                    places[static_cast<size_t>(r)] = from + std::min(row + r, count - 1) * steps;
                }
                multiply_tile<1>(places, arranged.tile(column), arranged.width(column), steps,
                                 place(row * columns + column, column, count - row));
            }
        }
    });
}

/// A layer's weight [N, K] for x * weight^T.
Arranged arranged_for_inputs(const at::Tensor &weight) {
    int64_t depth = weight.size(1);
    Arranged columns(weight.size(0), depth / 2);
    with_numbers(weight, [&](const auto *numbers) {
        columns.over_tiles([&](int64_t column) {
            int64_t width = columns.width(column);
            arrange_columns<Half, tile_registers>(numbers + column * depth, depth, width, width,
                                                  depth, columns.tile(column));
        });
    });
    return columns;
}

/// A bias in fp32, of which places take their columns.
struct Bias {
    at::Tensor values;

    explicit Bias(const at::Tensor &bias)
        : values(bias.defined() ? bias.to(at::kCPU, at::kFloat).contiguous() : bias) {}

    const float *at(int64_t column) const {
        return values.defined() ? values.const_data_ptr<float>() + column : nullptr;
    }
};

/// An empty matrix in bf16, and where its numbers lie.
std::pair<at::Tensor, uint16_t *> empty_halves(const at::Tensor &rows, int64_t columns) {
    auto result = at::empty({rows.size(0), columns}, rows.options());
    return {result, static_cast<uint16_t *>(result.mutable_data_ptr())};
}

}  // namespace

bool has_own_products(const at::Tensor &x, const at::Tensor &weight, at::ScalarType type) {
    // Where the processor multiplies whole tiles (AMX), oneDNN does so, too.
    static const bool is_fastest = has_tiles() && !__builtin_cpu_supports("amx-bf16");
    bool is_known = weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kBFloat16;
    bool fits = weight.size(0) > 0 && weight.size(0) % lanes == 0 && weight.size(1) > 0 &&
                weight.size(1) % (2 * lanes) == 0;
    return is_fastest && type == at::kBFloat16 && is_known && fits && x.is_cpu() &&
           weight.is_cpu() && weight.is_contiguous() &&
           x.size(-1) > 0 && x.numel() / x.size(-1) >= fewest_rows;
}

at::Tensor own_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                       const at::Tensor &residual) {
    Arranged columns = arranged_for_inputs(weight);
    Bias shift(bias);
    int64_t stride = columns.columns;
    if (!residual.defined()) {
        auto [result, numbers] = empty_halves(x, stride);
        auto *to = numbers;
        multiply_rows(x, columns, [&](int64_t start, int64_t column, int64_t left) {
            return Rounded{to + start, stride, left, shift.at(column)};
        });
        return result;
    }
    auto result = at::empty_like(residual);
    const auto *rest = residual.const_data_ptr<float>();
    auto *to = result.mutable_data_ptr<float>();
    multiply_rows(x, columns, [&](int64_t start, int64_t column, int64_t left) {
        return Added{to + start, rest + start, stride, left, shift.at(column)};
    });
    return result;
}

std::pair<at::Tensor, at::Tensor> own_activated_product(const at::Tensor &x,
                                                        const at::Tensor &weight,
                                                        const at::Tensor &bias) {
    Arranged columns = arranged_for_inputs(weight);
    Bias shift(bias);
    int64_t stride = columns.columns;
    auto before = empty_halves(x, stride), after = empty_halves(x, stride);
    multiply_rows(x, columns, [&](int64_t start, int64_t column, int64_t left) {
        return Activated{before.second + start, after.second + start, stride, left,
                         shift.at(column)};
    });
    return {before.first, after.first};
}

at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &weight,
                              const at::Tensor &before) {
    int64_t depth = weight.size(0), inputs = weight.size(1);
    Arranged columns(inputs, depth / 2);
    with_numbers(weight, [&](const auto *numbers) {
        columns.over_tiles([&](int64_t column) {
            arrange_rows<Half, tile_registers>(numbers + column, inputs, depth, depth,
                                               columns.width(column), columns.tile(column));
        });
    });
    auto result = empty_halves(output, inputs);
    if (before.defined()) {
        require_halves(before);
        multiply_rows(output, columns, [&](int64_t start, int64_t, int64_t left) {
            return Differentiated{result.second + start, halves(before) + start, inputs, left};
        });
    } else {
        multiply_rows(output, columns, [&](int64_t start, int64_t, int64_t left) {
            return Rounded{result.second + start, inputs, left, nullptr};
        });
    }
    return result.first;
}

at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &x,
                               const at::Tensor &sums) {
    require_halves(output);
    require_halves(x);
    int64_t rows = output.size(0), outputs = output.size(1), inputs = x.size(1);
    auto result = at::empty({outputs, inputs}, output.options().dtype(at::kFloat));
    auto *to = result.mutable_data_ptr<float>();
    auto *totals = sums.defined() ? sums.mutable_data_ptr<float>() : nullptr;
    int64_t blocks = (rows + 2 * deepest - 1) / (2 * deepest);
    int64_t block = ((rows + blocks - 1) / blocks + 1) / 2 * 2;
    Arranged columns(inputs, block / 2);
    // Here both factors' rows run across, so the other one is arranged, too, by sixteen columns.
    auto memory = at::empty({outputs * columns.steps}, at::TensorOptions(at::kInt));
    auto *words = static_cast<uint32_t *>(memory.mutable_data_ptr());
    for (int64_t row = 0; row < rows; row += block) {
        int64_t count = std::min(block, rows - row), steps = (count + 1) / 2;
        columns.over_tiles([&](int64_t column) {
            arrange_rows<Half, tile_registers>(halves(x) + row * inputs + column, inputs, count,
                                               2 * steps, columns.width(column),
                                               columns.tile(column));
        });
        over_groups(outputs / lanes, lanes * steps, [&](int64_t first, int64_t last) {
            for (int64_t place = first * lanes; place < last * lanes; place += lanes) {
                arrange_rows<Half>(halves(output) + row * outputs + place, outputs, count,
                                   2 * steps, lanes, words + place * columns.steps);
                if (totals != nullptr) {
                    add_words(words + place * columns.steps, steps, totals + place, row > 0);
                }
            }
            for (int64_t column = 0; column < inputs; column += tile_columns) {
                for (int64_t place = first * lanes; place < last * lanes; place += tile_rows) {
                    Rows places;
                    for (int64_t r = 0; r < tile_rows; ++r) {
                        places[static_cast<size_t>(r)] =
                            words + place / lanes * lanes * columns.steps + place % lanes + r;
                    }
                    multiply_tile<lanes>(places, columns.tile(column), columns.width(column),
                                         steps,
                                         Sums{to + place * inputs + column, inputs, row > 0});
                }
            }
        });
    }
    return result;
}

#else

bool has_own_products(const at::Tensor &, const at::Tensor &, at::ScalarType) { return false; }

at::Tensor own_product(const at::Tensor &x, const at::Tensor &, const at::Tensor &,
                       const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", x.sizes());
}

std::pair<at::Tensor, at::Tensor> own_activated_product(const at::Tensor &x, const at::Tensor &,
                                                        const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", x.sizes());
}

at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &, const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", output.sizes());
}

at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &,
                               const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", output.sizes());
}

#endif

}  // namespace reident
