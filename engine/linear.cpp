// Linear layers, most of them by oneDNN. LibTorch sends fp32 products to MKL, which is two to four
// times slower on AMD processors; oneDNN lies in the same library (docs/PERFORMANCE.md has the
// figures).
//
// For training, one product routine with any strides serves the forward pass and both gradients,
// but in bf16 where the engine has its own (products.cpp).
// For inference, weights are laid out once and activation and residual join the product.
//
// SPDX-License-Identifier: MIT

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "boundary.hpp"
#include "kernels.hpp"

#ifdef REIDENT_HAS_ONEDNN_MATMUL
namespace at::native {
// Exported by libtorch_cpu, though its header is not among those installed:
// result = beta * result + alpha * lhs @ rhs, for any strides.
void mkldnn_matmul(const at::Tensor &lhs, const at::Tensor &rhs, const at::Tensor &result,
                   float beta, float alpha);
}  // namespace at::native
#endif

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// Whether the processor multiplies 16-bit floats by vectors. oneDNN and MKL accept them without,
/// too, and are then ten to a thousand times slower than in fp32.
bool has_half_instructions() {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
    return true;
#endif
}

/// Whether oneDNN multiplies this element type on this processor, tried once for each type.
bool has_product(at::ScalarType type) {
#ifdef REIDENT_HAS_ONEDNN_MATMUL
    auto attempt = [](at::ScalarType candidate) {
        try {
            c10::InferenceMode inference;
            auto ones = at::ones({16, 16}, at::TensorOptions(candidate));
            auto result = at::empty_like(ones);
            at::native::mkldnn_matmul(ones, ones, result, 0, 1);
            return at::allclose(result.to(at::kFloat), at::full({16, 16}, 16.0F));
        } catch (...) {  // this processor or this LibTorch cannot
            return false;
        }
    };
    if (type == at::kFloat) {
        static const bool available = attempt(at::kFloat);
        return available;
    }
    if (type == at::kBFloat16) {
        static const bool available = has_half_instructions() && attempt(at::kBFloat16);
        return available;
    }
#endif
    (void)type;
    return false;
}

std::vector<int64_t> with_last(const at::Tensor &tensor, int64_t last) {
    auto shape = tensor.sizes().vec();
    shape.back() = last;
    return shape;
}

/// A boxed call of one of LibTorch's oneDNN operators, which have no C++ function.
at::Tensor call(const char *name, const char *overload, torch::jit::Stack arguments) {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(found.has_value(), "this LibTorch has no operator ", name);
    found->callBoxed(arguments);
    return arguments.at(0).toTensor();
}

/// A weight [N, K] as products over about `rows` rows want it.
at::Tensor packed(const at::Tensor &weight, int64_t rows) {
    if (!weight.is_cpu() || !has_product(weight.scalar_type())) return weight.contiguous();
    try {
        return call("mkldnn::_reorder_linear_weight", "", {weight.contiguous(), rows});
    } catch (const c10::Error &) {  // an older LibTorch: the plain layout gives the same result
        return weight.contiguous();
    }
}

/// activation(x * weight^T + bias) on a packed weight, the bias, if defined, of its type.
at::Tensor packed_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                          re_activation activation = RE_NO_ACTIVATION) {
    static const char *names[] = {"none", "gelu", "swish"};
    auto shift = bias.defined() ? c10::IValue(bias) : c10::IValue();
    auto algorithm = activation == RE_GELU ? c10::IValue(std::string("none")) : c10::IValue();
    return call("mkldnn::_linear_pointwise", "",
                {x, weight, shift, std::string(names[activation]),
                 c10::List<std::optional<at::Scalar>>(), algorithm});
}

/// From so many rows on it pays to lay out the weight for a single product: otherwise each thread
/// does so for itself, on the way.
constexpr int64_t rows_to_pack = 512;

/// x * weight^T for a weight [N, K] that is used once, plus a bias.
at::Tensor product_with(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    if (x.scalar_type() == at::kBFloat16 && x.size(0) >= rows_to_pack && weight.numel() > 0) {
        auto layout = packed(weight, x.size(0));
        if (layout.is_mkldnn()) {
            return packed_product(x, layout, bias.defined() ? bias.to(at::kBFloat16) : bias);
        }
    }
    auto result = product(x, weight.t());
    if (bias.defined() && has_kernels(result)) add_bias(result, bias);
    else if (bias.defined()) result.add_(bias.to(result.scalar_type()));
    return result;
}

/// Linear layer whose forward pass and both gradients are oneDNN's products, or the engine's own.
struct Linear : torch::autograd::Function<Linear> {
    static Variable forward(AutogradContext *context, const Variable &x, const Variable &weight,
                            const std::optional<Variable> &bias,
                            const std::optional<Variable> &residual, at::ScalarType type) {
        bool is_own = has_own_products(x, weight, type);
        auto inputs = rows_of(x).to(type);
        if (is_own) inputs = inputs.contiguous();
        auto factors = is_own ? weight : weight.to(type);  // own products round on the way
        context->save_for_backward({inputs, factors});
        context->saved_data["input_type"] = static_cast<int64_t>(x.scalar_type());
        context->saved_data["weight_type"] = static_cast<int64_t>(weight.scalar_type());
        context->saved_data["has_bias"] = bias.has_value();
        context->saved_data["needs_input"] = x.requires_grad();
        context->saved_data["has_residual"] = residual.has_value();
        context->saved_data["is_own"] = is_own;
        auto shift = bias ? bias->detach() : at::Tensor();
        auto shape = with_last(x, weight.size(0));
        if (is_own && residual && residual->is_cpu() && residual->scalar_type() == at::kFloat) {
            return own_product(inputs, factors, shift, rows_of(*residual).contiguous())
                .view(shape);
        }
        bool adds = residual && has_kernels(*residual) &&
                    (type == at::kFloat || type == at::kBFloat16);  // with the bias, in one pass
        auto added_bias = adds ? at::Tensor() : shift;
        auto result = is_own ? own_product(inputs, factors, added_bias)
                             : product_with(inputs, factors, added_bias);
        if (adds) return added(rows_of(*residual), result, shift).view(shape);
        return residual ? at::add(*residual, result.view(shape)) : result.view(shape);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto type = saved[0].scalar_type();
        auto type_of = [&](const char *key) {
            return static_cast<at::ScalarType>(context->saved_data[key].toInt());
        };
        bool has_bias = context->saved_data["has_bias"].toBool();
        auto output = rows_of(gradients[0]);
        at::Tensor input_gradient, bias_gradient, own_sums;
        bool is_own = context->saved_data["is_own"].toBool();
        if (has_bias && is_own && output.scalar_type() == type) {
            // The weight's gradient passes by all these numbers and gives their sums, too.
            own_sums = at::empty({output.size(1)}, output.options().dtype(at::kFloat));
        } else if (has_bias && has_kernels(output) && has_kernels(saved[0])) {
            output = output.contiguous();
            auto copy = output.scalar_type() == type
                            ? at::Tensor()
                            : at::empty(output.sizes(), output.options().dtype(type));
            bias_gradient = sum_of_rows(output, copy).to(type_of("weight_type"));
            if (copy.defined()) output = copy;
        } else {
            output = output.to(type);
            if (has_bias) bias_gradient = at::sum(output, {0}, false, type_of("weight_type"));
        }
        if (is_own) output = output.contiguous();
        if (context->saved_data["needs_input"].toBool()) {
            bool packs = type == at::kBFloat16 && output.size(0) >= rows_to_pack;
            input_gradient = (is_own  ? own_input_gradient(output, saved[1])
                              : packs ? product_with(output, transposed(saved[1]), {})
                                      : product(output, saved[1]))
                                 .view(with_last(gradients[0], saved[1].size(1)))
                                 .to(type_of("input_type"));
        }
        auto weight_gradient = is_own ? own_weight_gradient(output, saved[0], own_sums)
                                      : product(output.t(), saved[0]);
        if (own_sums.defined()) bias_gradient = own_sums.to(type_of("weight_type"));
        auto residual_gradient =
            context->saved_data["has_residual"].toBool() ? gradients[0] : at::Tensor();
        return {input_gradient, weight_gradient.to(type_of("weight_type")), bias_gradient,
                residual_gradient, Variable()};
    }
};

at::Tensor activated(at::Tensor x, re_activation activation) {
    if (activation == RE_GELU) return at::gelu_(x);
    if (activation == RE_SWISH) return at::silu_(x);
    return x;
}

at::Tensor linear_packed(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                         re_activation activation, const at::Tensor &residual) {
    if (!weight.is_mkldnn()) {  // a device or processor where packing changes nothing
        auto result = activated(linear(x, weight, bias, weight.scalar_type()), activation);
        return residual.defined() ? result.add_(residual) : result;
    }
    auto inputs = x.to(weight.scalar_type());
    if (residual.defined()) {
        TORCH_CHECK(activation == RE_NO_ACTIVATION, "a residual is added without activation");
        auto shift = bias.defined() ? c10::IValue(bias) : c10::IValue();
        return call("mkldnn::_linear_pointwise", "binary",
                    {inputs, residual.to(weight.scalar_type()), weight, shift, std::string("add")});
    }
    return packed_product(inputs, weight, bias, activation);
}

at::Tensor optional_value(const re_tensor *tensor) {
    return tensor == nullptr ? at::Tensor() : tensor->value;
}

}  // namespace

at::Tensor rows_of(const at::Tensor &tensor) { return tensor.reshape({-1, tensor.size(-1)}); }

bool is_emulated(const at::Tensor &tensor) {
    return tensor.is_cpu() && at::isReducedFloatingType(tensor.scalar_type()) &&
           !has_half_instructions();
}

at::Tensor product(const at::Tensor &lhs, const at::Tensor &rhs) {
    if (is_emulated(lhs)) {
        return product(lhs.to(at::kFloat), rhs.to(at::kFloat)).to(lhs.scalar_type());
    }
#ifdef REIDENT_HAS_ONEDNN_MATMUL
    bool empty = lhs.numel() == 0 || rhs.numel() == 0;
    bool plain = lhs.is_cpu() && rhs.is_cpu() && lhs.scalar_type() == rhs.scalar_type();
    if (plain && !empty && has_product(lhs.scalar_type())) {
        TORCH_CHECK(lhs.size(1) == rhs.size(0), "matrix product of ", lhs.sizes(), " and ",
                    rhs.sizes());
        auto result = at::empty({lhs.size(0), rhs.size(1)}, lhs.options());
        at::native::mkldnn_matmul(lhs, rhs, result, 0, 1);
        return result;
    }
#endif
    return at::mm(lhs, rhs);
}

at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                  at::ScalarType compute_type, const at::Tensor &residual) {
    TORCH_CHECK(weight.dim() == 2 && x.dim() >= 1 && x.size(-1) == weight.size(1),
                "linear layer of shape ", weight.sizes(), " on an input of ", x.sizes());
    TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0)),
                "linear layer of shape ", weight.sizes(), " with a bias of ", bias.sizes());
    std::optional<at::Tensor> shift, rest;
    if (bias.defined()) shift = bias;
    if (residual.defined()) {
        TORCH_CHECK(residual.sizes() == c10::IntArrayRef(with_last(x, weight.size(0))),
                    "linear layer of shape ", weight.sizes(), " on an input of ", x.sizes(),
                    " with a residual of ", residual.sizes());
        rest = residual;
    }
    if (x.is_cpu()) return Linear::apply(x, weight, shift, rest, compute_type);
    if (shift) shift = shift->to(compute_type);
    auto result = at::linear(x.to(compute_type), weight.to(compute_type), shift);
    return rest ? at::add(*rest, result) : result;
}

void add_linear_functions(re_functions &table) {
    table.linear = [](const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                      const re_tensor *residual, re_dtype compute_dtype, re_tensor **result) {
        return returning(result, [&] {
            return linear(x->value, weight->value, optional_value(bias),
                          scalar_type(compute_dtype), optional_value(residual));
        });
    };
    table.pack_weight = [](const re_tensor *weight, int64_t rows, re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            return packed(weight->value.detach(), rows);
        });
    };
    table.linear_packed = [](const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                             re_activation activation, const re_tensor *residual,
                             re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            return linear_packed(x->value, weight->value, optional_value(bias), activation,
                                 optional_value(residual));
        });
    };
}

}  // namespace reident
