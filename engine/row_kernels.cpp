// What stands before and behind a linear layer's products, in one pass each: its bias, its
// residual, and the bias's gradient, which is taken while the gradient changes its format.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels.hpp"
#include "numbers.hpp"
#include "row_blocks.hpp"

namespace reident {
namespace {

/// y = residual + x + bias over rows; residual and bias may be null.
template <typename T, typename U>
REIDENT_INLINE void add_of(const U *residual, const T *x, const float *bias, int64_t count,
                           int64_t width, U *y) {
    for (int64_t row = 0; row < count; ++row, x += width, y += width) {
        if (residual == nullptr) {
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) store(loaded(x[c]) + bias[c], y + c);
            continue;
        }
        if (bias == nullptr) {
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) store(loaded(residual[c]) + loaded(x[c]), y + c);
        } else {
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) {
                store(loaded(residual[c]) + (loaded(x[c]) + bias[c]), y + c);
            }
        }
        residual += width;
    }
}

/// Adds rows to sums; copy, unless it is null, becomes the rows in its own format.
template <typename T, typename U>
REIDENT_INLINE void sum_of(const T *x, int64_t count, int64_t width, U *copy, float *sums) {
    for (int64_t row = 0; row < count; ++row, x += width) {
        if (copy == nullptr) {
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) sums[c] += loaded(x[c]);
            continue;
        }
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
            float value = loaded(x[c]);
            sums[c] += value;
            store(value, copy + c);
        }
        copy += width;
    }
}

// Templates cannot have clones.
#define REIDENT_KERNELS(T, U)                                                                    \
    REIDENT_CLONES void add(const U *residual, const T *x, const float *bias, int64_t count,     \
                            int64_t width, U *y) {                                               \
        add_of(residual, x, bias, count, width, y);                                              \
    }                                                                                            \
    REIDENT_CLONES void sum(const T *x, int64_t count, int64_t width, U *copy, float *sums) {    \
        sum_of(x, count, width, copy, sums);                                                     \
    }
REIDENT_KERNELS(float, float)
REIDENT_KERNELS(float, c10::BFloat16)
REIDENT_KERNELS(c10::BFloat16, float)
REIDENT_KERNELS(c10::BFloat16, c10::BFloat16)
#undef REIDENT_KERNELS

template <typename T, typename U>
void add_rows(const at::Tensor &residual, const at::Tensor &rows, const at::Tensor &bias,
              at::Tensor &result) {
    int64_t width = rows.size(1);
    const U *rest = residual.defined() ? residual.const_data_ptr<U>() : nullptr;
    const T *from = rows.const_data_ptr<T>();
    const float *shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
    U *to = result.data_ptr<U>();
    over_blocks(rows.size(0), [&](int64_t first, int64_t last, int64_t) {
        int64_t start = first * width;
        add(rest == nullptr ? nullptr : rest + start, from + start, shift, last - first,
            width, to + start);
    });
}

template <typename T, typename U>
void sum_rows(const at::Tensor &rows, at::Tensor &copy, at::Tensor &sums) {
    int64_t width = rows.size(1);
    const T *from = rows.const_data_ptr<T>();
    U *to = copy.defined() ? copy.data_ptr<U>() : nullptr;
    float *partial = sums.data_ptr<float>();
    over_blocks(rows.size(0), [&](int64_t first, int64_t last, int64_t place) {
        int64_t start = first * width;
        sum(from + start, last - first, width, to == nullptr ? nullptr : to + start,
            partial + place * width);
    });
}

at::Tensor singles(const at::Tensor &bias) {
    return bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
}

bool is_half(const at::Tensor &tensor) { return tensor.scalar_type() == at::kBFloat16; }

}  // namespace

void add_bias(at::Tensor &rows, const at::Tensor &bias) {
    auto shift = singles(bias);
    if (is_half(rows)) return add_rows<c10::BFloat16, c10::BFloat16>({}, rows, shift, rows);
    add_rows<float, float>({}, rows, shift, rows);
}

at::Tensor added(const at::Tensor &residual, const at::Tensor &rows, const at::Tensor &bias) {
    auto rest = residual.contiguous(), shift = singles(bias);
    auto result = at::empty_like(rest);
    auto run = is_half(rows) ? (is_half(rest) ? add_rows<c10::BFloat16, c10::BFloat16>
                                              : add_rows<c10::BFloat16, float>)
                             : (is_half(rest) ? add_rows<float, c10::BFloat16>
                                              : add_rows<float, float>);
    run(rest, rows, shift, result);
    return result;
}

at::Tensor sum_of_rows(const at::Tensor &rows, at::Tensor copy) {
    int64_t blocks = blocks_of(rows.size(0));
    auto sums = at::zeros({blocks, rows.size(1)}, rows.options().dtype(at::kFloat));
    bool half_copy = copy.defined() && is_half(copy);
    auto run = is_half(rows) ? (half_copy ? sum_rows<c10::BFloat16, c10::BFloat16>
                                          : sum_rows<c10::BFloat16, float>)
                             : (half_copy ? sum_rows<float, c10::BFloat16>
                                          : sum_rows<float, float>);
    run(rows, copy, sums);
    return sums.sum(0);
}

}  // namespace reident
