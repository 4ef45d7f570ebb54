// Linear layers in 8-bit integers, for inference on a processor.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "boundary.hpp"

namespace reident {

/// Weights [N, K] in 8-bit integers, laid out for products.
struct Int8Weight {
    at::Tensor packed;  // bytes [panels of outputs, steps over inputs, a step's words]
    at::Tensor scales;  // [2, N]: what 1 stands for, and the sum of an output's integers
};

/// Brings weights [N, K] to 8-bit integers, each output with a scale of its own.
Int8Weight int8_weight(const at::Tensor &weight);

/// activation(x * W^T + b) + residual for x [.., K] in fp32 or bf16, in which the result is, too.
/// The widest kernel up to `widest` that the processor has computes it.
at::Tensor int8_linear(const at::Tensor &x, const Int8Weight &weight, const at::Tensor &bias,
                       re_activation activation, const at::Tensor &residual,
                       re_int8_kernel widest);

void add_int8_functions(re_functions &table);

}  // namespace reident
