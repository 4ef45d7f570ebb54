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
#include <vector>

#include "boundary.hpp"

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

/// Adds x and x² of rows [count, channels] to sums [2, channels].
REIDENT_WIDE void add_moments(const float *x, int64_t count, int64_t channels, double *sums) {
    double *squares = sums + channels;
    for (int64_t row = 0; row < count; ++row, x += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            double value = x[c];
            sums[c] += value;
            squares[c] += value * value;
        }
    }
}

/// y = (x - mean) factor + bias, plus residual, rectified; each [count, channels].
REIDENT_WIDE void normalize(const float *x, const float *residual, bool rectified,
                            const float *mean, const float *factor, const float *bias,
                            int64_t count, int64_t channels, float *y) {
    for (int64_t row = 0; row < count; ++row, x += channels, y += channels) {
        for (int64_t c = 0; c < channels; ++c) y[c] = (x[c] - mean[c]) * factor[c] + bias[c];
        if (residual != nullptr) {
            for (int64_t c = 0; c < channels; ++c) y[c] += residual[c];
            residual += channels;
        }
        if (rectified) {
            for (int64_t c = 0; c < channels; ++c) y[c] = y[c] > 0 ? y[c] : 0;
        }
    }
}

/// Keeps the gradient where y is positive.
REIDENT_WIDE void rectify_gradient(const float *gradient, const float *y, int64_t count,
                                   float *kept) {
    for (int64_t i = 0; i < count; ++i) kept[i] = y[i] > 0 ? gradient[i] : 0;
}

/// Adds g and g (x - mean) of rows [count, channels] to sums [2, channels].
REIDENT_WIDE void add_gradient_moments(const float *gradient, const float *x, const float *mean,
                                       int64_t count, int64_t channels, double *sums) {
    double *products = sums + channels;
    for (int64_t row = 0; row < count; ++row, gradient += channels, x += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            double value = gradient[c];
            sums[c] += value;
            products[c] += value * (x[c] - mean[c]);
        }
    }
}

/// dx = factor g - slope (x - mean) - shift; each [count, channels].
REIDENT_WIDE void input_gradient(const float *gradient, const float *x, const float *mean,
                                 const float *factor, const float *slope, const float *shift,
                                 int64_t count, int64_t channels, float *result) {
    for (int64_t row = 0; row < count;
         ++row, gradient += channels, x += channels, result += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            result[c] = factor[c] * gradient[c] - slope[c] * (x[c] - mean[c]) - shift[c];
        }
    }
}

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

/// Batch norm by the batch's own statistics, which the running ones follow.
struct TrainedBatchNorm : torch::autograd::Function<TrainedBatchNorm> {
    static Variable forward(AutogradContext *context, const Variable &input, const Variable &weight,
                            const Variable &bias, const std::optional<Variable> &residual,
                            const at::Tensor &running_mean, const at::Tensor &running_variance,
                            double momentum, double epsilon, bool rectified) {
        auto x = innermost(input);
        auto added = residual ? innermost(*residual) : at::Tensor();
        int64_t channels = x.size(1), rows = x.numel() / channels;
        const float *values = x.const_data_ptr<float>();
        auto moments = sums(rows, channels, [&](int64_t start, int64_t count, double *own) {
            add_moments(values + start, count, channels, own);
        });
        auto mean = at::empty({channels}, x.options().memory_format(std::nullopt));
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
        const float *rest = added.defined() ? added.const_data_ptr<float>() : nullptr;
        float *results = y.data_ptr<float>();
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
                rectify_gradient(gradient.const_data_ptr<float>() + start,
                                 y.const_data_ptr<float>() + start, count * channels,
                                 kept.data_ptr<float>() + start);
            });
            gradient = kept;
        }
        const float *slopes = gradient.const_data_ptr<float>();
        const float *values = x.const_data_ptr<float>();
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
                               result.data_ptr<float>() + start);
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
    auto fits = [&](const at::Tensor &tensor) {
        return tensor.is_cpu() && tensor.scalar_type() == at::kFloat;
    };
    if (training && fits(x) && fits(weight) && x.numel() > 0 &&
        (!residual || (fits(*residual) && residual->sizes() == x.sizes()))) {
        return TrainedBatchNorm::apply(x, weight, bias, residual, mean, variance, momentum, epsilon,
                                       rectified);
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
