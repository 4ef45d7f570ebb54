// A matrix of 16-bit numbers with rows and columns exchanged. Products want both factors laid out
// along what is summed over; in tiles that fit a processor's first cache this costs little of what
// it saves them.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels.hpp"
#include "numbers.hpp"

namespace reident {
namespace {

constexpr int64_t side = 32;

/// One tile, rows of `from` a `stride` apart, to rows of `to` a `step` apart.
REIDENT_CLONES void exchange(const uint16_t *from, int64_t stride, int64_t rows, int64_t columns,
                             uint16_t *to, int64_t step) {
    if (rows == side && columns == side) {
        uint16_t tile[side][side];
        for (int64_t r = 0; r < side; ++r) {
            for (int64_t c = 0; c < side; ++c) tile[c][r] = from[r * stride + c];
        }
        for (int64_t c = 0; c < side; ++c) std::copy_n(tile[c], side, to + c * step);
        return;
    }
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) to[c * step + r] = from[r * stride + c];
    }
}

}  // namespace

at::Tensor transposed(const at::Tensor &matrix) {
    if (!matrix.is_cpu() || matrix.element_size() != sizeof(uint16_t) || !matrix.is_contiguous()) {
        return matrix.t().contiguous();
    }
    int64_t rows = matrix.size(0), columns = matrix.size(1);
    auto result = at::empty({columns, rows}, matrix.options());
    auto from = static_cast<const uint16_t *>(matrix.const_data_ptr());
    auto to = static_cast<uint16_t *>(result.data_ptr());
    at::parallel_for(0, (columns + side - 1) / side, 1, [&](int64_t first, int64_t last) {
        for (int64_t column = first * side; column < std::min(columns, last * side);
             column += side) {
            for (int64_t row = 0; row < rows; row += side) {
                exchange(from + row * columns + column, columns, std::min(side, rows - row),
                         std::min(side, columns - column), to + column * rows + row, rows);
            }
        }
    });
    return result;
}

}  // namespace reident
