// The layers between products, with kernels of their own on processors: each reads and writes its
// numbers once. LibTorch's take several passes where the formats of input and result differ. And
// the products of training themselves, where the engine has its own.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "boundary.hpp"

namespace reident {

/// QuickGELU is x * sigmoid(slope x).
constexpr float quick_gelu_slope = 1.702f;

/// v * sigmoid(1.702 v) of v = x + bias, x [.., N] and bias [N], differentiable; keeps x for the
/// backward pass.
at::Tensor quick_gelu(const at::Tensor &x, const at::Tensor &bias);

/// residual + hidden * second_weight^T + second_bias, hidden being QuickGELU of x * first_weight^T
/// + first_bias: the perceptron of CLIP's blocks, differentiable, products computed in `type`.
at::Tensor perceptron(const at::Tensor &x, const at::Tensor &first_weight,
                      const at::Tensor &first_bias, const at::Tensor &second_weight,
                      const at::Tensor &second_bias, const at::Tensor &residual,
                      at::ScalarType type);

/// A layer's inputs as rows: [.., K] -> [M, K].
at::Tensor rows_of(const at::Tensor &tensor);

/// Layer norm over the last dimension, differentiable; the result is of type `type`.
at::Tensor layer_norm(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                      double epsilon, at::ScalarType type);

/// Whether the kernels below and those of the layers above take this tensor.
bool has_kernels(const at::Tensor &tensor);

/// rows [M, N] plus bias [N] in fp32, if defined, in place.
void add_bias(at::Tensor &rows, const at::Tensor &bias);

/// residual plus rows [M, N] plus bias [N], the latter two if defined, of the residual's type.
at::Tensor added(const at::Tensor &residual, const at::Tensor &rows, const at::Tensor &bias);

/// The sum of all rows [M, N] in fp32, [N]; `copy`, if defined, gets the rows in its own type.
at::Tensor sum_of_rows(const at::Tensor &rows, at::Tensor copy);

/// A matrix [M, N] as [N, M], contiguous.
at::Tensor transposed(const at::Tensor &matrix);

/// Whether this processor has the products below in `type` for a weight [N, K] in fp32 or bf16 and
/// as many rows as x has, and they are the fastest: bf16 without AMX, 512 rows at least, N a
/// multiple of 16 and K of 32, the weight contiguous. The matrices that they get are, too.
bool has_own_products(const at::Tensor &x, const at::Tensor &weight, at::ScalarType type);

/// x [M, K] in bf16 * weight^T, plus a bias [N], if defined: [M, N], in bf16, or in fp32 if a
/// residual in fp32 is defined, which is added.
at::Tensor own_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                       const at::Tensor &residual = {});

/// The same in bf16, and QuickGELU of the sums before they are rounded.
std::pair<at::Tensor, at::Tensor> own_activated_product(const at::Tensor &x,
                                                        const at::Tensor &weight,
                                                        const at::Tensor &bias);

/// From its gradient [M, N] in bf16 that of x, [M, K]; or, if x was QuickGELU of `before`, of that.
at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &weight,
                              const at::Tensor &before = {});

/// From its gradient [M, N] in bf16 that of the weight, [N, K] in fp32; `sums` [N] in fp32, if
/// defined, becomes that of the bias.
at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &x,
                               const at::Tensor &sums = {});

}  // namespace reident
