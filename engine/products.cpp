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

/// The first rows of a tile, rounded, plus a bias, if there is one.
struct Rounded {
    uint16_t *numbers;
    int64_t stride, rows;
    const float *bias;

    REIDENT_TARGET_INLINE __m512 start(int64_t, int64_t column) const {
        return bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(bias + column);
    }
    REIDENT_TARGET_INLINE void finish(int64_t row, int64_t column, __m512 sum) const {
        if (row < rows) Half::store(sum, numbers + row * stride + column);
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

/// rows [M, S] times arranged columns [S, N], S being two for each step: [M, N], plus a bias.
at::Tensor multiplied(const at::Tensor &rows, const Arranged &arranged, const float *bias) {
    require_halves(rows);
    int64_t count = rows.size(0), columns = arranged.columns, steps = arranged.steps;
    auto result = at::empty({count, columns}, rows.options());
    const auto *from = reinterpret_cast<const uint32_t *>(halves(rows));
    auto *to = static_cast<uint16_t *>(result.mutable_data_ptr());
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
                                 Rounded{to + row * columns + column, columns, count - row,
                                         bias == nullptr ? bias : bias + column});
            }
        }
    });
    return result;
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
           x.numel() / weight.size(1) >= fewest_rows;
}

at::Tensor own_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    int64_t depth = weight.size(1);
    Arranged columns(weight.size(0), depth / 2);
    with_numbers(weight, [&](const auto *numbers) {
        columns.over_tiles([&](int64_t column) {
            int64_t width = columns.width(column);
            arrange_columns<Half, tile_registers>(numbers + column * depth, depth, width, width,
                                                  depth, columns.tile(column));
        });
    });
    auto shift = bias.defined() ? bias.to(at::kCPU, at::kFloat).contiguous() : bias;
    return multiplied(x, columns, shift.defined() ? shift.const_data_ptr<float>() : nullptr);
}

at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &weight) {
    int64_t depth = weight.size(0), inputs = weight.size(1);
    Arranged columns(inputs, depth / 2);
    with_numbers(weight, [&](const auto *numbers) {
        columns.over_tiles([&](int64_t column) {
            arrange_rows<Half, tile_registers>(numbers + column, inputs, depth, depth,
                                               columns.width(column), columns.tile(column));
        });
    });
    return multiplied(output, columns, nullptr);
}

at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &x) {
    require_halves(output);
    require_halves(x);
    int64_t rows = output.size(0), outputs = output.size(1), inputs = x.size(1);
    auto result = at::empty({outputs, inputs}, output.options().dtype(at::kFloat));
    auto *to = result.mutable_data_ptr<float>();
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

at::Tensor own_product(const at::Tensor &x, const at::Tensor &, const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", x.sizes());
}

at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", output.sizes());
}

at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &) {
    TORCH_CHECK(false, "this processor has no product of its own for ", output.sizes());
}

#endif

}  // namespace reident
