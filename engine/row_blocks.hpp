// Rows of a matrix in blocks that threads take in turn.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace reident {

/// Rows whose sums are one partial sum, so that results do not depend on the number of threads.
constexpr int64_t rows_of_block = 128;

inline int64_t blocks_of(int64_t rows) { return (rows + rows_of_block - 1) / rows_of_block; }

/// Runs body(first row, row behind the last, place of the block) over blocks of rows.
template <typename Body>
void over_blocks(int64_t rows, Body &&body) {
    at::parallel_for(0, blocks_of(rows), 1, [&](int64_t first, int64_t last) {
        for (int64_t place = first; place < last; ++place) {
            body(place * rows_of_block, std::min(rows, (place + 1) * rows_of_block), place);
        }
    });
}

}  // namespace reident
