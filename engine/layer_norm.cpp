// Layer norm whose input and result may differ in format: the residual stream is in fp32, and the
// products that follow want bf16. Forward and backward pass read their numbers once.
//
// Ba, Kiros and Hinton, Layer Normalization, 2016.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>

#include "kernels.hpp"
#include "numbers.hpp"
#include "row_blocks.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// y = (x - mean) / deviation · weight + bias of a row; gives the mean and 1 / deviation.
template <typename T, typename U>
REIDENT_INLINE void normalize_of(const T *x, const float *weight, const float *bias, int64_t width,
                                 float epsilon, U *y, float *mean, float *inverse) {
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < width; ++c) sum += loaded(x[c]);
    float center = sum / static_cast<float>(width);
#pragma omp simd reduction(+ : squares)
    for (int64_t c = 0; c < width; ++c) {
        float distance = loaded(x[c]) - center;
        squares += distance * distance;
    }
    float factor = 1 / std::sqrt(squares / static_cast<float>(width) + epsilon);
#pragma omp simd
    for (int64_t c = 0; c < width; ++c) {
        store((loaded(x[c]) - center) * factor * weight[c] + bias[c], y + c);
    }
    *mean = center;
    *inverse = factor;
}

/// With n = (x - mean) / deviation and h = gradient · weight, the gradient of a row's input is
/// (h - mean(h) - n mean(h n)) / deviation. Adds gradient · n and gradient to sums [2, width].
template <typename T, typename U>
REIDENT_INLINE void differentiate_of(const T *x, const U *gradient, const float *weight,
                                     int64_t width, float mean, float inverse, T *result,
                                     float *sums) {
    float *products = sums, *plain = sums + width;
    float first = 0, second = 0;
#pragma omp simd reduction(+ : first, second)
    for (int64_t c = 0; c < width; ++c) {
        float slope = loaded(gradient[c]), n = (loaded(x[c]) - mean) * inverse;
        products[c] += slope * n;
        plain[c] += slope;
        first += slope * weight[c];
        second += slope * weight[c] * n;
    }
    first /= static_cast<float>(width);
    second /= static_cast<float>(width);
#pragma omp simd
    for (int64_t c = 0; c < width; ++c) {
        float n = (loaded(x[c]) - mean) * inverse;
        store((loaded(gradient[c]) * weight[c] - first - n * second) * inverse, result + c);
    }
}

// Templates cannot have clones.
#define REIDENT_KERNELS(T, U)                                                                    \
    REIDENT_CLONES void normalize(const T *x, const float *weight, const float *bias,            \
                                  int64_t width, float epsilon, U *y, float *mean,               \
                                  float *inverse) {                                              \
        normalize_of(x, weight, bias, width, epsilon, y, mean, inverse);                         \
    }                                                                                            \
    REIDENT_CLONES void differentiate(const T *x, const U *gradient, const float *weight,        \
                                      int64_t width, float mean, float inverse, T *result,       \
                                      float *sums) {                                             \
        differentiate_of(x, gradient, weight, width, mean, inverse, result, sums);               \
    }
REIDENT_KERNELS(float, float)
REIDENT_KERNELS(float, c10::BFloat16)
REIDENT_KERNELS(c10::BFloat16, float)
REIDENT_KERNELS(c10::BFloat16, c10::BFloat16)
#undef REIDENT_KERNELS

template <typename T, typename U>
at::Tensor normalized(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                      double epsilon, at::Tensor &moments) {
    int64_t width = x.size(-1), rows = x.numel() / width;
    auto y = at::empty(x.sizes(), x.options().dtype(c10::CppTypeToScalarType<U>::value));
    const T *from = x.const_data_ptr<T>();
    const float *factors = weight.const_data_ptr<float>(), *shifts = bias.const_data_ptr<float>();
    U *to = y.template data_ptr<U>();
    float *means = moments.data_ptr<float>(), *inverses = means + rows;
    over_blocks(rows, [&](int64_t first, int64_t last, int64_t) {
        for (int64_t row = first; row < last; ++row) {
            normalize(from + row * width, factors, shifts, width, static_cast<float>(epsilon),
                      to + row * width, means + row, inverses + row);
        }
    });
    return y;
}

/// The gradients of the input and, in one tensor [2, width], of weight and bias.
template <typename T, typename U>
std::pair<at::Tensor, at::Tensor> differentiated(const at::Tensor &x, const at::Tensor &gradient,
                                                 const at::Tensor &weight,
                                                 const at::Tensor &moments) {
    int64_t width = x.size(-1), rows = x.numel() / width;
    auto result = at::empty_like(x);
    auto sums = at::zeros({blocks_of(rows), 2, width}, weight.options());
    const T *values = x.const_data_ptr<T>();
    const U *slopes = gradient.const_data_ptr<U>();
    const float *factors = weight.const_data_ptr<float>();
    const float *means = moments.const_data_ptr<float>(), *inverses = means + rows;
    T *to = result.template data_ptr<T>();
    float *partial = sums.template data_ptr<float>();
    over_blocks(rows, [&](int64_t first, int64_t last, int64_t place) {
        for (int64_t row = first; row < last; ++row) {
            differentiate(values + row * width, slopes + row * width, factors, width, means[row],
                          inverses[row], to + row * width, partial + place * 2 * width);
        }
    });
    return {result, sums.sum(0)};
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
    static Variable forward(AutogradContext *context, const Variable &input,
                            const Variable &weight, const Variable &bias, double epsilon,
                            at::ScalarType type) {
        auto x = input.contiguous();
        auto factors = weight.contiguous(), shifts = bias.contiguous();
        auto moments = at::empty({2, x.numel() / x.size(-1)}, factors.options());
        context->save_for_backward({x, factors, moments});
        bool half_input = x.scalar_type() == at::kBFloat16, half_result = type == at::kBFloat16;
        auto run = half_input ? (half_result ? normalized<c10::BFloat16, c10::BFloat16>
                                             : normalized<c10::BFloat16, float>)
                              : (half_result ? normalized<float, c10::BFloat16>
                                             : normalized<float, float>);
        return run(x, factors, shifts, epsilon, moments);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto gradient = gradients[0].contiguous();
        bool half_input = saved[0].scalar_type() == at::kBFloat16;
        bool half_result = gradient.scalar_type() == at::kBFloat16;
        auto run = half_input ? (half_result ? differentiated<c10::BFloat16, c10::BFloat16>
                                             : differentiated<c10::BFloat16, float>)
                              : (half_result ? differentiated<float, c10::BFloat16>
                                             : differentiated<float, float>);
        auto [input, sums] = run(saved[0], gradient, saved[1], saved[2]);
        return {input, sums[0], sums[1], Variable(), Variable()};
    }
};

}  // namespace

at::Tensor layer_norm(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                      double epsilon, at::ScalarType type) {
    bool single = weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat;
    bool fits = x.dim() >= 1 && x.numel() > 0 && weight.dim() == 1 &&
                x.size(-1) == weight.size(0) && bias.sizes() == weight.sizes();
    bool known = type == at::kFloat || type == at::kBFloat16;
    if (has_kernels(x) && weight.is_cpu() && bias.is_cpu() && single && fits && known) {
        return LayerNorm::apply(x, weight, bias, epsilon, type);
    }
    return at::layer_norm(x, weight.sizes(), weight, bias, epsilon).to(type);
}

}  // namespace reident
