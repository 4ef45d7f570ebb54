// Arithmetic and the layers of a vision transformer, all differentiable by LibTorch.
//
// SPDX-License-Identifier: MIT

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "attention.hpp"
#include "boundary.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr double quick_gelu_slope = 1.702;

/// x * sigmoid(1.702 x), which keeps only x for the backward pass.
struct QuickGELU : torch::autograd::Function<QuickGELU> {
    static Variable forward(AutogradContext *context, const Variable &x) {
        context->save_for_backward({x});
        auto y = x * quick_gelu_slope;
        at::silu_(y);
        return y.mul_(1 / quick_gelu_slope);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        // d/dx [silu(s x) / s] = silu'(s x)
        auto x = context->get_saved_variables()[0] * quick_gelu_slope;
        return {at::silu_backward(gradients[0], x)};
    }
};

at::Tensor attention(const at::Tensor &qkv, int64_t heads, bool causal) {
    TORCH_CHECK(qkv.dim() == 3 && qkv.size(2) % (3 * heads) == 0, "attention over ", qkv.sizes(),
                " with ", heads, " heads");
    if (is_emulated(qkv)) {
        return attention(qkv.to(at::kFloat), heads, causal).to(qkv.scalar_type());
    }
    auto count = qkv.size(0), tokens = qkv.size(1), width = qkv.size(2) / 3;
    // [N, T, 3, heads, D] -> three of [N, heads, T, D]
    auto split = qkv.view({count, tokens, 3, heads, width / heads}).permute({2, 0, 3, 1, 4});
    auto mixed = at::scaled_dot_product_attention(split[0], split[1], split[2], {}, 0.0, causal);
    return mixed.transpose(1, 2).reshape({count, tokens, width});
}

at::Tensor rows(const at::Tensor &matrix, const at::Tensor &indices) {
    TORCH_CHECK(matrix.dim() == 2 && indices.scalar_type() == at::kLong, "rows of ",
                matrix.sizes(), " by indices of type ", indices.scalar_type());
    return at::embedding(matrix, indices);
}

at::Tensor normalized_pixels(const at::Tensor &pixels, const float *mean, const float *deviation) {
    TORCH_CHECK(pixels.dim() == 4, "pixels of shape ", pixels.sizes());
    auto channels = pixels.size(3);
    auto options = at::TensorOptions(at::kFloat);
    // from_blob needs a mutable pointer; the copy to the device is taken before anything writes.
    auto centre = at::from_blob(const_cast<float *>(mean), {channels, 1, 1}, options)
                      .clone().to(pixels.device());
    auto spread = at::from_blob(const_cast<float *>(deviation), {channels, 1, 1}, options)
                      .clone().to(pixels.device());
    auto values = pixels.permute({0, 3, 1, 2}).to(at::kFloat, false, false,
                                                  at::MemoryFormat::Contiguous);
    return values.div_(255).sub_(centre).div_(spread);
}

at::Tensor patches(const at::Tensor &pixels, int64_t size) {
    TORCH_CHECK(pixels.dim() == 4 && pixels.size(2) % size == 0 && pixels.size(3) % size == 0,
                "patches of ", size, " pixels from ", pixels.sizes());
    auto count = pixels.size(0), channels = pixels.size(1);
    auto rows = pixels.size(2) / size, columns = pixels.size(3) / size;
    return pixels.view({count, channels, rows, size, columns, size})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({count, rows * columns, channels * size * size});
}

at::Tensor matrix_product(const at::Tensor &lhs, const at::Tensor &rhs) {
    bool tracked = at::GradMode::is_enabled() && (lhs.requires_grad() || rhs.requires_grad());
    if (lhs.dim() == 2 && rhs.dim() == 2 && !tracked && lhs.is_cpu()) return product(lhs, rhs);
    return at::matmul(lhs, rhs);
}

at::Tensor diagonal_cross_entropy(const at::Tensor &logits, double smoothing) {
    TORCH_CHECK(logits.dim() == 2 && logits.size(0) == logits.size(1), "logits of shape ",
                logits.sizes());
    auto classes = at::arange(logits.size(0), logits.options().dtype(at::kLong));
    return at::cross_entropy_loss(logits.to(at::kFloat), classes, {}, at::Reduction::Mean, -100,
                                  smoothing);
}

re_status top_k(const re_tensor *tensor, int64_t count, re_tensor **values, re_tensor **indices) {
    return guarded([&] {
        auto found = at::topk(tensor->value, count);
        auto *largest = hand_out(std::get<0>(found));
        try {
            *indices = hand_out(std::get<1>(found));
        } catch (...) {
            release(largest);
            throw;
        }
        *values = largest;
    });
}

}  // namespace

void add_operator_functions(re_functions &table) {
    table.add = [](const re_tensor *lhs, const re_tensor *rhs, re_tensor **result) {
        return returning(result, [&] { return at::add(lhs->value, rhs->value); });
    };
    table.multiply = [](const re_tensor *lhs, const re_tensor *rhs, re_tensor **result) {
        return returning(result, [&] { return at::mul(lhs->value, rhs->value); });
    };
    table.scale = [](const re_tensor *tensor, double factor, re_tensor **result) {
        return returning(result, [&] { return at::mul(tensor->value, factor); });
    };
    table.exponential = [](const re_tensor *tensor, re_tensor **result) {
        return returning(result, [&] { return at::exp(tensor->value); });
    };
    table.sum = [](const re_tensor *tensor, re_tensor **result) {
        return returning(result, [&] { return at::sum(tensor->value); });
    };
    table.matmul = [](const re_tensor *lhs, const re_tensor *rhs, re_tensor **result) {
        return returning(result, [&] { return matrix_product(lhs->value, rhs->value); });
    };
    table.l2_normalize = [](const re_tensor *tensor, re_tensor **result) {
        // The floor of 1e-12 is that of torch.nn.functional.normalize.
        return returning(result, [&] {
            auto length = tensor->value.norm(2, {-1}, true).clamp_min(1e-12);
            return at::div(tensor->value, length);
        });
    };
    table.top_k = top_k;
    table.layer_norm = [](const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                          double epsilon, re_tensor **result) {
        return returning(result, [&] {
            return at::layer_norm(x->value, weight->value.sizes(), weight->value, bias->value,
                                  epsilon);
        });
    };
    table.gelu = [](const re_tensor *x, re_tensor **result) {
        return returning(result, [&] { return at::gelu(x->value); });
    };
    table.quick_gelu = [](const re_tensor *x, re_tensor **result) {
        return returning(result, [&] { return QuickGELU::apply(x->value); });
    };
    table.attention = [](const re_tensor *qkv, int64_t heads, int32_t causal,
                         re_tensor **result) {
        return returning(result, [&] { return attention(qkv->value, heads, causal != 0); });
    };
    table.attention_packed = [](const re_tensor *qkv, int64_t heads, re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            auto own = own_attention(qkv->value, heads);
            return own ? *own : attention(qkv->value, heads, false);
        });
    };
    table.rows = [](const re_tensor *matrix, const re_tensor *indices, re_tensor **result) {
        return returning(result, [&] { return rows(matrix->value, indices->value); });
    };
    table.normalize_pixels = [](const re_tensor *pixels, const float *mean, const float *deviation,
                                re_tensor **result) {
        return returning(result,
                         [&] { return normalized_pixels(pixels->value, mean, deviation); });
    };
    table.patches = [](const re_tensor *pixels, int64_t patch_size, re_tensor **result) {
        return returning(result, [&] { return patches(pixels->value, patch_size); });
    };
    table.diagonal_cross_entropy = [](const re_tensor *logits, double smoothing,
                                      re_tensor **result) {
        return returning(result, [&] { return diagonal_cross_entropy(logits->value, smoothing); });
    };
}

}  // namespace reident
