// The engine's own attention, where the processor has the instructions for it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "boundary.hpp"

namespace reident {

/// Self-attention of queries, keys and values [N, T, 3E] without mask and without gradients,
/// [N, T, E]; nothing where this processor, type or shape has none of its own.
std::optional<at::Tensor> own_attention(const at::Tensor &qkv, int64_t heads);

}  // namespace reident
