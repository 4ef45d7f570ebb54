// Batch norm with what follows it: a residual that is added, and max(0, x). In training on a
// processor by own kernels for images whose channels are innermost; ATen's would need them
// outermost to be exact, which costs two copies an image and direction.
//
// Ioffe and Szegedy, Batch Normalization, 2015.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "boundary.hpp"
#include "numbers.hpp"

// A clone for wider registers, chosen when the engine is loaded. Both add in the same order.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define REIDENT_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define REIDENT_WIDE
#endif

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// Pixels whose sums are one partial sum, so that results do not depend on the number of threads.
constexpr int64_t block = 512;

// Each kernel once as a template, and for both kinds of numbers a function with its clones, which
// templates cannot have.
/// Adds x and x² of rows [count, channels] to sums [2, channels].
template <typename T>
REIDENT_INLINE void add_moments_of(const T *x, int64_t count, int64_t channels, double *sums) {
    double *squares = sums + channels;
    for (int64_t row = 0; row < count; ++row, x += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            double value = loaded(x[c]);
            sums[c] += value;
            squares[c] += value * value;
        }
    }
}

/// y = (x - mean) factor + bias, plus residual, rectified; each [count, channels].
template <typename T>
REIDENT_INLINE void normalize_of(const T *x, const T *residual, bool rectified, const float *mean,
                                 const float *factor, const float *bias, int64_t count,
                                 int64_t channels, T *y) {
    float least = rectified ? 0 : -std::numeric_limits<float>::infinity();
    for (int64_t row = 0; row < count; ++row, x += channels, y += channels) {
        if (residual == nullptr) {
            for (int64_t c = 0; c < channels; ++c) {
                float value = (loaded(x[c]) - mean[c]) * factor[c] + bias[c];
                store(value < least ? least : value, y + c);
            }
        } else {
            for (int64_t c = 0; c < channels; ++c) {
                float value =
                    (loaded(x[c]) - mean[c]) * factor[c] + bias[c] + loaded(residual[c]);
                store(value < least ? least : value, y + c);
            }
            residual += channels;
        }
    }
}

/// Keeps the gradient where y is positive.
template <typename T>
REIDENT_INLINE void rectify_gradient_of(const T *gradient, const T *y, int64_t count, T *kept) {
    for (int64_t i = 0; i < count; ++i) {
        float slope = loaded(gradient[i]);  // read in any case: no branch
        store(loaded(y[i]) > 0 ? slope : 0.0f, kept + i);
    }
}

/// Adds g and g (x - mean) of rows [count, channels] to sums [2, channels].
template <typename T>
REIDENT_INLINE void add_gradient_moments_of(const T *gradient, const T *x, const float *mean,
                                            int64_t count, int64_t channels, double *sums) {
    double *products = sums + channels;
    for (int64_t row = 0; row < count; ++row, gradient += channels, x += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            double value = loaded(gradient[c]);
            sums[c] += value;
            products[c] += value * (loaded(x[c]) - mean[c]);
        }
    }
}

/// dx = factor g - slope (x - mean) - shift; each [count, channels].
template <typename T>
REIDENT_INLINE void input_gradient_of(const T *gradient, const T *x, const float *mean,
                                      const float *factor, const float *slope, const float *shift,
                                      int64_t count, int64_t channels, T *result) {
    for (int64_t row = 0; row < count;
         ++row, gradient += channels, x += channels, result += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            store(factor[c] * loaded(gradient[c]) - slope[c] * (loaded(x[c]) - mean[c]) - shift[c],
                  result + c);
        }
    }
}

#define REIDENT_KERNELS(T)                                                                       \
    REIDENT_WIDE void add_moments(const T *x, int64_t count, int64_t channels, double *sums) {   \
        add_moments_of(x, count, channels, sums);                                                \
    }                                                                                            \
    REIDENT_WIDE void normalize(const T *x, const T *residual, bool rectified,                   \
                                const float *mean, const float *factor, const float *bias,       \
                                int64_t count, int64_t channels, T *y) {                         \
        normalize_of(x, residual, rectified, mean, factor, bias, count, channels, y);            \
    }                                                                                            \
    REIDENT_WIDE void rectify_gradient(const T *gradient, const T *y, int64_t count, T *kept) {  \
        rectify_gradient_of(gradient, y, count, kept);                                           \
    }                                                                                            \
    REIDENT_WIDE void add_gradient_moments(const T *gradient, const T *x, const float *mean,     \
                                           int64_t count, int64_t channels, double *sums) {      \
        add_gradient_moments_of(gradient, x, mean, count, channels, sums);                       \
    }                                                                                            \
    REIDENT_WIDE void input_gradient(const T *gradient, const T *x, const float *mean,           \
                                     const float *factor, const float *slope,                    \
                                     const float *shift, int64_t count, int64_t channels,        \
                                     T *result) {                                                \
        input_gradient_of(gradient, x, mean, factor, slope, shift, count, channels, result);     \
    }
REIDENT_KERNELS(float)
REIDENT_KERNELS(c10::BFloat16)
#undef REIDENT_KERNELS

/// Runs body(first row, rows, place of the block) over blocks of rows, on all threads.
template <typename Body>
void over_blocks(int64_t rows, Body &&body) {
    int64_t count = (rows + block - 1) / block;
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
        for (int64_t place = first; place < last; ++place) {
            body(place * block, std::min(block, rows - place * block), place);
        }
    });
}

/// Sums of two kinds for each channel, [2, channels], over all rows.
template <typename Add>
std::vector<double> sums(int64_t rows, int64_t channels, Add &&add) {
    int64_t count = (rows + block - 1) / block;
    std::vector<double> partial(count * 2 * channels, 0.0);
    over_blocks(rows, [&](int64_t first, int64_t own, int64_t place) {
        add(first * channels, own, partial.data() + place * 2 * channels);
    });
    std::vector<double> result(2 * channels, 0.0);
    for (int64_t place = 0; place < count; ++place) {
        for (int64_t i = 0; i < 2 * channels; ++i) result[i] += partial[place * 2 * channels + i];
    }
    return result;
}

at::Tensor innermost(const at::Tensor &x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

/// Batch norm of images of T by the batch's own statistics, which the running ones follow; gain,
/// bias and statistics are floats.
template <typename T>
struct TrainedBatchNorm : torch::autograd::Function<TrainedBatchNorm<T>> {
    static Variable forward(AutogradContext *context, const Variable &input, const Variable &weight,
                            const Variable &bias, const std::optional<Variable> &residual,
                            const at::Tensor &running_mean, const at::Tensor &running_variance,
                            double momentum, double epsilon, bool rectified) {
        auto x = innermost(input);
        auto added = residual ? innermost(*residual) : at::Tensor();
        int64_t channels = x.size(1), rows = x.numel() / channels;
        const T *values = x.const_data_ptr<T>();
        auto moments = sums(rows, channels, [&](int64_t start, int64_t count, double *own) {
            add_moments(values + start, count, channels, own);
        });
        auto mean = at::empty({channels}, at::kFloat);
        auto inverse = at::empty_like(mean), factor = at::empty_like(mean);
        auto gain = weight.contiguous(), shift = bias.contiguous();
        auto running = running_mean, spread = running_variance;
        for (int64_t c = 0; c < channels; ++c) {
            double average = moments[c] / rows;
            double variance = std::max(moments[channels + c] / rows - average * average, 0.0);
            double scale = 1 / std::sqrt(variance + epsilon);
            mean.data_ptr<float>()[c] = static_cast<float>(average);
            inverse.data_ptr<float>()[c] = static_cast<float>(scale);
            factor.data_ptr<float>()[c] =
                static_cast<float>(scale * gain.const_data_ptr<float>()[c]);
            moments[c] = average;
            // The running variance is that of the population the batch was drawn from.
            moments[channels + c] = rows > 1 ? variance * rows / (rows - 1) : variance;
        }
        auto found = at::from_blob(moments.data(), {2, channels}, at::kDouble).to(at::kFloat);
        running.mul_(1 - momentum).add_(found[0], momentum);
        spread.mul_(1 - momentum).add_(found[1], momentum);

        auto y = at::empty_like(x);
        const T *rest = added.defined() ? added.const_data_ptr<T>() : nullptr;
        T *results = y.data_ptr<T>();
        over_blocks(rows, [&](int64_t first, int64_t count, int64_t) {
            int64_t start = first * channels;
            normalize(values + start, rest == nullptr ? nullptr : rest + start, rectified,
                      mean.const_data_ptr<float>(), factor.const_data_ptr<float>(),
                      shift.const_data_ptr<float>(), count, channels, results + start);
        });
        context->save_for_backward({x, rectified ? y : at::Tensor(), mean, inverse, factor});
        context->saved_data["residual"] = residual.has_value();
        return y;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto x = saved[0], y = saved[1], mean = saved[2], inverse = saved[3], factor = saved[4];
        int64_t channels = x.size(1), rows = x.numel() / channels;
        auto gradient = innermost(gradients[0]);
        if (y.defined()) {
            auto kept = at::empty_like(gradient);
            over_blocks(rows, [&](int64_t first, int64_t count, int64_t) {
                int64_t start = first * channels;
                rectify_gradient(gradient.const_data_ptr<T>() + start,
                                 y.const_data_ptr<T>() + start, count * channels,
                                 kept.data_ptr<T>() + start);
            });
            gradient = kept;
        }
        const T *slopes = gradient.const_data_ptr<T>();
        const T *values = x.const_data_ptr<T>();
        const float *center = mean.const_data_ptr<float>();
        auto moments = sums(rows, channels, [&](int64_t start, int64_t count, double *own) {
            add_gradient_moments(slopes + start, values + start, center, count, channels, own);
        });
        auto weight_gradient = at::empty_like(mean), bias_gradient = at::empty_like(mean);
        auto slope = at::empty_like(mean), shift = at::empty_like(mean);
        for (int64_t c = 0; c < channels; ++c) {
            double scale = inverse.const_data_ptr<float>()[c];
            double gain = factor.const_data_ptr<float>()[c];
            weight_gradient.data_ptr<float>()[c] =
                static_cast<float>(moments[channels + c] * scale);
            bias_gradient.data_ptr<float>()[c] = static_cast<float>(moments[c]);
            slope.data_ptr<float>()[c] =
                static_cast<float>(gain * scale * scale * moments[channels + c] / rows);
            shift.data_ptr<float>()[c] = static_cast<float>(gain * moments[c] / rows);
        }
        at::Tensor result;
        if (context->needs_input_grad(0)) {
            result = at::empty_like(x);
            over_blocks(rows, [&](int64_t first, int64_t count, int64_t) {
                int64_t start = first * channels;
                input_gradient(slopes + start, values + start, center,
                               factor.const_data_ptr<float>(), slope.const_data_ptr<float>(),
                               shift.const_data_ptr<float>(), count, channels,
                               result.data_ptr<T>() + start);
            });
        }
        auto residual = context->saved_data["residual"].toBool() ? gradient : at::Tensor();
        return {result, weight_gradient, bias_gradient, residual, Variable(),
                Variable(), Variable(), Variable(), Variable()};
    }
};

at::Tensor batch_norm(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                      const at::Tensor &mean, const at::Tensor &variance, bool training,
                      double momentum, double epsilon, const std::optional<at::Tensor> &residual,
                      bool rectified) {
    TORCH_CHECK(x.dim() == 4 && weight.numel() == x.size(1), "a batch norm of ", weight.numel(),
                " channels of an input of shape ", x.sizes());
    auto fits = [&](at::ScalarType type) {
        return training && x.is_cpu() && x.scalar_type() == type && x.numel() > 0 &&
               weight.scalar_type() == at::kFloat &&
               (!residual || (residual->scalar_type() == type && residual->sizes() == x.sizes()));
    };
    if (fits(at::kFloat)) {
        return TrainedBatchNorm<float>::apply(x, weight, bias, residual, mean, variance, momentum,
                                              epsilon, rectified);
    }
    if (fits(at::kBFloat16)) {
        return TrainedBatchNorm<c10::BFloat16>::apply(x, weight, bias, residual, mean, variance,
                                                      momentum, epsilon, rectified);
    }
    auto y = at::batch_norm(training && x.is_cpu() ? x.contiguous() : x, weight, bias, mean,
                            variance, training, momentum, epsilon, /*cudnn_enabled=*/true);
    if (residual) y = y + *residual;
    return rectified ? at::relu(y) : y;
}

}  // namespace

void add_batch_norm_functions(re_functions &table) {
    table.batch_norm = [](const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                          re_tensor *mean, re_tensor *variance, int32_t training, double momentum,
                          double epsilon, const re_tensor *residual, int32_t rectified,
                          re_tensor **result) {
        return returning(result, [&] {
            return batch_norm(x->value, weight->value, bias->value, mean->value, variance->value,
                              training != 0, momentum, epsilon, optional_of(residual),
                              rectified != 0);
        });
    };
}

}  // namespace reident
