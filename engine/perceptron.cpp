// The perceptron of CLIP's blocks: two linear layers with QuickGELU between. Where the products are
// the engine's own, QuickGELU and its derivative are computed while their numbers are in registers,
// and so are the sums with the residual. Elsewhere it is made of its three layers, which tests
// expect the same of.
//
// SPDX-License-Identifier: MIT

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "kernels.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// Weights are in fp32 or bf16, the residual in fp32; products in bf16.
struct Perceptron : torch::autograd::Function<Perceptron> {
    static Variable forward(AutogradContext *context, const Variable &x,
                            const Variable &first_weight, const Variable &first_bias,
                            const Variable &second_weight, const Variable &second_bias,
                            const Variable &residual) {
        auto rows = rows_of(x).to(at::kBFloat16).contiguous();
        auto rest = rows_of(residual).contiguous();
        auto [before, hidden] = own_activated_product(rows, first_weight, first_bias);
        context->save_for_backward({rows, before, hidden, first_weight, second_weight});
        for (auto [key, tensor] : {std::pair("input_type", &x), {"first_bias_type", &first_bias},
                                   {"second_bias_type", &second_bias}}) {
            context->saved_data[key] = static_cast<int64_t>(tensor->scalar_type());
        }
        context->saved_data["input_shape"] = x.sizes();
        context->saved_data["needs_input"] = x.requires_grad();
        return own_product(hidden, second_weight, second_bias, rest).view(residual.sizes());
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto rows = saved[0], before = saved[1], hidden = saved[2];
        auto first_weight = saved[3], second_weight = saved[4];
        auto type_of = [&](const char *key) {
            return static_cast<at::ScalarType>(context->saved_data[key].toInt());
        };
        auto upstream = rows_of(gradients[0]).contiguous();
        auto output = at::empty(upstream.sizes(), upstream.options().dtype(at::kBFloat16));
        auto second_sums = sum_of_rows(upstream, output);
        auto second = own_weight_gradient(output, hidden);
        auto change = own_input_gradient(output, second_weight, before);
        auto first_sums = at::empty({first_weight.size(0)}, upstream.options().dtype(at::kFloat));
        auto first = own_weight_gradient(change, rows, first_sums);
        at::Tensor input;
        if (context->saved_data["needs_input"].toBool()) {
            input = own_input_gradient(change, first_weight)
                        .view(context->saved_data["input_shape"].toIntVector())
                        .to(type_of("input_type"));
        }
        return {input,
                first.to(first_weight.scalar_type()),
                first_sums.to(type_of("first_bias_type")),
                second.to(second_weight.scalar_type()),
                second_sums.to(type_of("second_bias_type")),
                gradients[0]};
    }
};

}  // namespace

at::Tensor perceptron(const at::Tensor &x, const at::Tensor &first_weight,
                      const at::Tensor &first_bias, const at::Tensor &second_weight,
                      const at::Tensor &second_bias, const at::Tensor &residual,
                      at::ScalarType type) {
    TORCH_CHECK(first_weight.dim() == 2 && second_weight.dim() == 2 && x.dim() >= 1 &&
                    x.size(-1) == first_weight.size(1) &&
                    first_weight.size(0) == second_weight.size(1) &&
                    residual.dim() == x.dim() &&
                    x.sizes().slice(0, static_cast<size_t>(x.dim()) - 1) ==
                        residual.sizes().slice(0, static_cast<size_t>(residual.dim()) - 1) &&
                    residual.size(-1) == second_weight.size(0) && first_bias.dim() == 1 &&
                    first_bias.size(0) == first_weight.size(0) && second_bias.dim() == 1 &&
                    second_bias.size(0) == second_weight.size(0),
                "perceptron of layers of shapes ", first_weight.sizes(), " and ",
                second_weight.sizes(), " with biases of ", first_bias.sizes(), " and ",
                second_bias.sizes(), " on an input of ", x.sizes(), " with a residual of ",
                residual.sizes());
    bool is_own = has_own_products(x, first_weight, type) &&
                  has_own_products(x, second_weight, type) && residual.is_cpu() &&
                  residual.scalar_type() == at::kFloat;
    if (is_own) {
        return Perceptron::apply(x, first_weight, first_bias, second_weight, second_bias,
                                 residual);
    }
    auto hidden = quick_gelu(linear(x, first_weight, {}, type), first_bias);
    return linear(hidden, second_weight, second_bias, type, residual);
}

}  // namespace reident
