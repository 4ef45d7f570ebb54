// The layers between products, with kernels of their own on processors: each reads and writes its
// numbers once. LibTorch's take several passes where the formats of input and result differ. And
// the products of training themselves, where the engine has its own.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "boundary.hpp"

namespace reident {

/// v * sigmoid(1.702 v) of v = x + bias, x [.., N] and bias [N], differentiable; keeps x for the
/// backward pass.
at::Tensor quick_gelu(const at::Tensor &x, const at::Tensor &bias);

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

/// Whether this processor has the three products below for x [.., K] in `type` and a weight [N, K]
/// in fp32 or bf16, and they are the fastest: bf16 without AMX, 512 rows at least, N a multiple of
/// 16 and K of 32, the weight contiguous. The matrices that the products get are, too.
bool has_own_products(const at::Tensor &x, const at::Tensor &weight, at::ScalarType type);

/// x [M, K] in bf16 * weight^T, plus a bias [N], if defined: [M, N].
at::Tensor own_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias);

/// From its gradient [M, N] in bf16 that of x, [M, K].
at::Tensor own_input_gradient(const at::Tensor &output, const at::Tensor &weight);

/// From its gradient [M, N] in bf16 that of the weight, [N, K] in fp32.
at::Tensor own_weight_gradient(const at::Tensor &output, const at::Tensor &x);

}  // namespace reident
