// QuickGELU, the activation of OpenAI's CLIP, and its gradient, in one pass each.
//
// Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2: x * sigmoid(1.702 x).
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "kernels.hpp"
#include "numbers.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr float slope = 1.702f;
/// Numbers a thread takes at least: below, waking it takes longer.
constexpr int64_t grain = 1 << 15;

template <typename T>
REIDENT_INLINE void activate_of(const T *x, int64_t count, T *y) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        float value = loaded(x[i]);
        store(value / (1 + exponential(-slope * value)), y + i);
    }
}

/// With s = sigmoid(c x), the derivative of x s is s (1 + c x (1 - s)).
template <typename T>
REIDENT_INLINE void differentiate_of(const T *x, const T *gradient, int64_t count, T *result) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        float value = slope * loaded(x[i]);
        float s = 1 / (1 + exponential(-value));
        store(loaded(gradient[i]) * s * (1 + value * (1 - s)), result + i);
    }
}

// Templates cannot have clones.
#define REIDENT_KERNELS(T)                                                                       \
    REIDENT_CLONES void activate(const T *x, int64_t count, T *y) { activate_of(x, count, y); }  \
    REIDENT_CLONES void differentiate(const T *x, const T *gradient, int64_t count, T *result) { \
        differentiate_of(x, gradient, count, result);                                            \
    }
REIDENT_KERNELS(float)
REIDENT_KERNELS(c10::BFloat16)
#undef REIDENT_KERNELS

template <typename T>
at::Tensor activated(const at::Tensor &x) {
    auto y = at::empty_like(x);
    const T *from = x.const_data_ptr<T>();
    T *to = y.data_ptr<T>();
    at::parallel_for(0, x.numel(), grain, [&](int64_t first, int64_t last) {
        activate(from + first, last - first, to + first);
    });
    return y;
}

template <typename T>
at::Tensor differentiated(const at::Tensor &x, const at::Tensor &gradient) {
    auto result = at::empty_like(x);
    const T *values = x.const_data_ptr<T>(), *slopes = gradient.const_data_ptr<T>();
    T *to = result.data_ptr<T>();
    at::parallel_for(0, x.numel(), grain, [&](int64_t first, int64_t last) {
        differentiate(values + first, slopes + first, last - first, to + first);
    });
    return result;
}

struct QuickGELU : torch::autograd::Function<QuickGELU> {
    static Variable forward(AutogradContext *context, const Variable &input) {
        auto x = input.contiguous();
        context->save_for_backward({x});
        if (x.scalar_type() == at::kFloat && has_kernels(x)) return activated<float>(x);
        if (has_kernels(x)) return activated<c10::BFloat16>(x);
        auto y = x * static_cast<double>(slope);
        at::silu_(y);
        return y.mul_(1 / static_cast<double>(slope));
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto x = context->get_saved_variables()[0];
        auto gradient = gradients[0].contiguous();
        if (has_kernels(x) && gradient.scalar_type() == x.scalar_type()) {
            if (x.scalar_type() == at::kFloat) return {differentiated<float>(x, gradient)};
            return {differentiated<c10::BFloat16>(x, gradient)};
        }
        // d/dx [silu(c x) / c] = silu'(c x)
        return {at::silu_backward(gradient, x * static_cast<double>(slope))};
    }
};

}  // namespace

at::Tensor quick_gelu(const at::Tensor &x) { return QuickGELU::apply(x); }

bool has_kernels(const at::Tensor &tensor) {
    return tensor.is_cpu() &&
           (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

}  // namespace reident
