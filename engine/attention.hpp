// The engine's own attention, where the processor has the instructions for it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "boundary.hpp"

namespace reident {

/// The tokens of one image among those of all images, which lie one behind the other.
struct Span {
    int64_t start, tokens;
};

/// Whether this processor has its own attention for queries, keys and values [N, T, 3E] of this
/// type and shape.
bool has_own_attention(const at::Tensor &qkv, int64_t heads);

/// Self-attention without mask and without gradients, [N, T, 3E] -> [N, T, E]; tokens of an image
/// attend to one another alone.
at::Tensor own_attention(const at::Tensor &qkv, int64_t heads, const std::vector<Span> &images);

/// The same with gradients; the same bits.
at::Tensor trained_attention(const at::Tensor &qkv, int64_t heads, const std::vector<Span> &images);

inline int64_t longest_of(const std::vector<Span> &images) {
    int64_t longest = 0;
    for (const auto &image : images) longest = std::max(longest, image.tokens);
    return longest;
}

/// On each thread calls body(each), and each(task) then calls task(image, head) for the thread's
/// share of all images' heads.
template <typename Body>
void over_heads(const std::vector<Span> &images, int64_t heads, Body &&body) {
    auto count = static_cast<int64_t>(images.size());
    at::parallel_for(0, count * heads, 1, [&](int64_t first, int64_t last) {
        body([&](auto &&task) {
            for (int64_t place = first; place < last; ++place) {
                // Short and long images in turn, where they are in order: equal shares of work.
                int64_t turn = place / heads;
                int64_t image = turn % 2 == 0 ? turn / 2 : count - 1 - turn / 2;
                task(images[static_cast<size_t>(image)], place % heads);
            }
        });
    });
}

}  // namespace reident
