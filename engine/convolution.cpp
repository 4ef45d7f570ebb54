// The layers of convolutional encoders: convolution, pooling, attention with queries of its own;
// batch norms have a file of their own. For training by LibTorch's differentiable operators; for
// inference by oneDNN's convolution, weights laid out once and activation and residual part of it.
//
// Images keep their channels innermost in memory, which is the layout oneDNN's products like;
// shapes stay [N, C, H, W].
//
// SPDX-License-Identifier: MIT

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include "boundary.hpp"

namespace reident {
namespace {

at::Tensor boxed(const char *name, const char *overload, torch::jit::Stack arguments) {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(found.has_value(), "this LibTorch has no operator ", name);
    found->callBoxed(arguments);
    return arguments.at(0).toTensor();
}

std::vector<int64_t> pair(int64_t value) { return {value, value}; }

at::Tensor channels_innermost(const at::Tensor &x) {
    TORCH_CHECK(x.dim() == 4, "a convolution of an input of shape ", x.sizes());
    return x.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor convolution(const at::Tensor &x, const at::Tensor &weight,
                       const std::optional<at::Tensor> &bias, int64_t stride, int64_t padding,
                       int64_t groups, at::ScalarType type) {
    // Forward and backward are faster where a pixel's channels lie together.
    auto inputs = channels_innermost(x).to(type), factors = weight.to(type);
    std::optional<at::Tensor> added;
    if (bias) added = bias->to(type);
    if (!is_emulated(factors)) {
        return at::conv2d(inputs, factors, added, pair(stride), pair(padding), pair(1), groups);
    }
    if (added) added = added->to(at::kFloat);
    return at::conv2d(inputs.to(at::kFloat), factors.to(at::kFloat), added, pair(stride),
                      pair(padding), pair(1), groups)
        .to(type);
}

/// Weights as oneDNN wants them, or as they are where it cannot take them.
at::Tensor packed(const at::Tensor &weight, int64_t stride, int64_t padding, int64_t groups) {
    if (!weight.is_cpu() || is_emulated(weight)) return weight.contiguous();
    try {
        auto laid_out = boxed("mkldnn::_reorder_convolution_weight", "",
                              {weight.contiguous(), pair(padding), pair(stride), pair(1), groups,
                               c10::IValue()});
        // A processor may lay weights out and then have no product for their type.
        auto probe = at::zeros({1, weight.size(1) * groups, weight.size(2), weight.size(3)},
                               weight.options());
        boxed("mkldnn::_convolution_pointwise", "",
              {channels_innermost(probe), laid_out, c10::IValue(), pair(padding), pair(stride),
               pair(1), groups, std::string("none"), c10::List<std::optional<at::Scalar>>(),
               c10::IValue()});
        return laid_out;
    } catch (const c10::Error &) {
        return weight.contiguous();
    }
}

at::Tensor convolution_packed(const at::Tensor &x, const at::Tensor &weight,
                              const std::optional<at::Tensor> &bias, int64_t stride,
                              int64_t padding, int64_t groups, bool rectified,
                              const std::optional<at::Tensor> &residual) {
    if (!weight.is_mkldnn()) {
        auto y = convolution(channels_innermost(x), weight, bias, stride, padding, groups,
                             weight.scalar_type());
        if (residual) y.add_(*residual);
        return rectified ? y.relu_() : y;
    }
    auto inputs = channels_innermost(x.to(weight.scalar_type()));
    auto added = bias ? c10::IValue(*bias) : c10::IValue();
    c10::List<std::optional<at::Scalar>> no_scalars;
    if (residual) {
        auto after = rectified ? c10::IValue(std::string("relu")) : c10::IValue();
        return boxed("mkldnn::_convolution_pointwise", "binary",
                     {inputs, channels_innermost(residual->to(weight.scalar_type())), weight, added,
                      pair(padding), pair(stride), pair(1), groups, std::string("add"),
                      at::Scalar(1.0), after, no_scalars, c10::IValue()});
    }
    return boxed("mkldnn::_convolution_pointwise", "",
                 {inputs, weight, added, pair(padding), pair(stride), pair(1), groups,
                  std::string(rectified ? "relu" : "none"), no_scalars, c10::IValue()});
}

/// Puts a batch norm with fixed statistics into the convolution before it, in double precision.
re_status fold_batch_norm(const re_tensor *weight, const re_tensor *gain, const re_tensor *bias,
                          const re_tensor *mean, const re_tensor *variance, double epsilon,
                          re_tensor **folded_weight, re_tensor **folded_bias) {
    return guarded([&] {
        at::NoGradGuard no_gradients;
        auto factor = gain->value.to(at::kDouble) /
                      (variance->value.to(at::kDouble) + epsilon).sqrt();
        auto scaled = weight->value.to(at::kDouble) * factor.view({-1, 1, 1, 1});
        auto shift = bias->value.to(at::kDouble) - mean->value.to(at::kDouble) * factor;
        auto type = weight->value.scalar_type();
        auto *first = hand_out(scaled.to(type));
        try {
            *folded_bias = hand_out(shift.to(type));
        } catch (...) {
            release(first);
            throw;
        }
        *folded_weight = first;
    });
}

/// Multi-head attention of queries [N, Q, E] over keys and values [N, T, E] -> [N, Q, E].
at::Tensor attention_over(const at::Tensor &queries, const at::Tensor &keys,
                          const at::Tensor &values, int64_t heads) {
    TORCH_CHECK(queries.dim() == 3 && keys.dim() == 3 && keys.sizes() == values.sizes() &&
                    queries.size(2) == keys.size(2) && queries.size(2) % heads == 0,
                "attention of ", queries.sizes(), " over ", keys.sizes(), " and ", values.sizes(),
                " with ", heads, " heads");
    if (is_emulated(queries)) {
        return attention_over(queries.to(at::kFloat), keys.to(at::kFloat), values.to(at::kFloat),
                              heads)
            .to(queries.scalar_type());
    }
    auto split = [&](const at::Tensor &tensor) {  // [N, T, E] -> [N, heads, T, D]
        return tensor.view({tensor.size(0), tensor.size(1), heads, tensor.size(2) / heads})
            .transpose(1, 2);
    };
    auto mixed = at::scaled_dot_product_attention(split(queries), split(keys), split(values));
    return mixed.transpose(1, 2).reshape(queries.sizes());
}

}  // namespace

void add_convolution_functions(re_functions &table) {
    table.convolution = [](const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                           int64_t stride, int64_t padding, int64_t groups, re_dtype compute_dtype,
                           re_tensor **result) {
        return returning(result, [&] {
            return convolution(x->value, weight->value, optional_of(bias), stride, padding, groups,
                               scalar_type(compute_dtype));
        });
    };
    table.pack_convolution = [](const re_tensor *weight, int64_t stride, int64_t padding,
                                int64_t groups, re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            return packed(weight->value.detach(), stride, padding, groups);
        });
    };
    table.convolution_packed = [](const re_tensor *x, const re_tensor *weight,
                                  const re_tensor *bias, int64_t stride, int64_t padding,
                                  int64_t groups, int32_t rectified, const re_tensor *residual,
                                  re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            return convolution_packed(x->value, weight->value, optional_of(bias), stride, padding,
                                      groups, rectified != 0, optional_of(residual));
        });
    };
    table.fold_batch_norm = fold_batch_norm;
    table.average_pool = [](const re_tensor *x, int64_t size, re_tensor **result) {
        return returning(result, [&] { return at::avg_pool2d(x->value, pair(size)); });
    };
    table.mean = [](const re_tensor *x, int64_t dimension, re_tensor **result) {
        return returning(result, [&] { return at::mean(x->value, {dimension}, true); });
    };
    table.attention_over = [](const re_tensor *queries, const re_tensor *keys,
                              const re_tensor *values, int64_t heads, re_tensor **result) {
        return returning(result, [&] {
            return attention_over(queries->value, keys->value, values->value, heads);
        });
    };
}

}  // namespace reident
