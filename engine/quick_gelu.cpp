// QuickGELU, the activation of OpenAI's CLIP, of x plus a layer's bias, and both gradients, in one
// pass each: what comes between two products costs reading and writing memory, not computing.
//
// Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2: x * sigmoid(1.702 x).
//
// SPDX-License-Identifier: MIT

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "kernels.hpp"
#include "numbers.hpp"
#include "row_blocks.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr float slope = quick_gelu_slope;

template <typename T>
REIDENT_INLINE void activate_of(const T *x, const float *bias, int64_t count, int64_t width,
                                T *y) {
    for (int64_t row = 0; row < count; ++row, x += width, y += width) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
            float value = loaded(x[c]) + bias[c];
            store(value / (1 + exponential(-slope * value)), y + c);
        }
    }
}

/// With s = sigmoid(c x), the derivative of x s is s (1 + c x (1 - s)). Adds results to sums.
template <typename T>
REIDENT_INLINE void differentiate_of(const T *x, const float *bias, const T *gradient,
                                     int64_t count, int64_t width, T *result, float *sums) {
    for (int64_t row = 0; row < count; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
            float value = slope * (loaded(x[c]) + bias[c]);
            float s = 1 / (1 + exponential(-value));
            float change = loaded(gradient[c]) * s * (1 + value * (1 - s));
            sums[c] += change;
            store(change, result + c);
        }
        x += width;
        gradient += width;
        result += width;
    }
}

// Templates cannot have clones.
#define REIDENT_KERNELS(T)                                                                       \
    REIDENT_CLONES void activate(const T *x, const float *bias, int64_t count, int64_t width,    \
                                 T *y) {                                                         \
        activate_of(x, bias, count, width, y);                                                   \
    }                                                                                            \
    REIDENT_CLONES void differentiate(const T *x, const float *bias, const T *gradient,          \
                                      int64_t count, int64_t width, T *result, float *sums) {    \
        differentiate_of(x, bias, gradient, count, width, result, sums);                         \
    }
REIDENT_KERNELS(float)
REIDENT_KERNELS(c10::BFloat16)
#undef REIDENT_KERNELS

template <typename T>
at::Tensor activated(const at::Tensor &x, const at::Tensor &bias) {
    auto y = at::empty_like(x);
    int64_t width = x.size(-1);
    const T *from = x.const_data_ptr<T>();
    const float *shift = bias.const_data_ptr<float>();
    T *to = y.template data_ptr<T>();
    over_blocks(x.numel() / width, [&](int64_t first, int64_t last, int64_t) {
        activate(from + first * width, shift, last - first, width, to + first * width);
    });
    return y;
}

/// The gradients of x and of the bias.
template <typename T>
std::pair<at::Tensor, at::Tensor> differentiated(const at::Tensor &x, const at::Tensor &bias,
                                                 const at::Tensor &gradient) {
    auto result = at::empty_like(x);
    int64_t width = x.size(-1), rows = x.numel() / width;
    auto sums = at::zeros({blocks_of(rows), width}, bias.options());
    const T *values = x.const_data_ptr<T>(), *slopes = gradient.const_data_ptr<T>();
    const float *shift = bias.const_data_ptr<float>();
    T *to = result.template data_ptr<T>();
    float *partial = sums.template data_ptr<float>();
    over_blocks(rows, [&](int64_t first, int64_t last, int64_t place) {
        int64_t start = first * width;
        differentiate(values + start, shift, slopes + start, last - first, width, to + start,
                      partial + place * width);
    });
    return {result, sums.sum(0)};
}

/// x s (c x), s being the sigmoid, by LibTorch's operators.
at::Tensor plainly(const at::Tensor &x) {
    auto y = x * static_cast<double>(slope);
    at::silu_(y);
    return y.mul_(1 / static_cast<double>(slope));
}

struct QuickGELU : torch::autograd::Function<QuickGELU> {
    static Variable forward(AutogradContext *context, const Variable &input,
                            const Variable &bias) {
        auto x = input.contiguous(), shift = bias.to(at::kFloat).contiguous();
        context->save_for_backward({x, shift});
        context->saved_data["bias_type"] = static_cast<int64_t>(bias.scalar_type());
        if (!has_kernels(x)) return plainly(x + shift.to(x.scalar_type()));
        return x.scalar_type() == at::kFloat ? activated<float>(x, shift)
                                             : activated<c10::BFloat16>(x, shift);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto x = saved[0], shift = saved[1];
        auto type = static_cast<at::ScalarType>(context->saved_data["bias_type"].toInt());
        auto gradient = gradients[0].to(x.scalar_type()).contiguous();
        if (!has_kernels(x)) {
            // d/dx [silu(c x) / c] = silu'(c x)
            auto scaled = (x + shift.to(x.scalar_type())) * static_cast<double>(slope);
            auto change = at::silu_backward(gradient, scaled);
            return {change, change.reshape({-1, x.size(-1)}).sum(0, false, type)};
        }
        auto [change, sums] = x.scalar_type() == at::kFloat
                                  ? differentiated<float>(x, shift, gradient)
                                  : differentiated<c10::BFloat16>(x, shift, gradient);
        return {change, sums.to(type)};
    }
};

}  // namespace

at::Tensor quick_gelu(const at::Tensor &x, const at::Tensor &bias) {
    TORCH_CHECK(x.dim() >= 1 && bias.dim() == 1 && x.size(-1) == bias.size(0),
                "QuickGELU of ", x.sizes(), " with a bias of ", bias.sizes());
    if (x.numel() == 0) return x + bias.to(x.scalar_type());
    return QuickGELU::apply(x, bias);
}

bool has_kernels(const at::Tensor &tensor) {
    return tensor.is_cpu() &&
           (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

}  // namespace reident
