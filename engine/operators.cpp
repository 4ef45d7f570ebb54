// Arithmetic and the layers of a vision transformer, all differentiable by LibTorch.
//
// SPDX-License-Identifier: MIT

#include "attention.hpp"
#include "boundary.hpp"
#include "kernels.hpp"

namespace reident {
namespace {

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

/// Where the images' tokens are that lie one behind the other in [.., .., 3E].
std::vector<Span> spans(const at::Tensor &qkv, const std::vector<int64_t> &tokens) {
    std::vector<Span> images;
    int64_t start = 0;
    for (int64_t count : tokens) {
        TORCH_CHECK(count > 0, "an image of ", count, " tokens");
        images.push_back({start, count});
        start += count;
    }
    TORCH_CHECK(qkv.dim() == 3 && qkv.size(0) * qkv.size(1) == start, "attention over ",
                qkv.sizes(), " of images with ", start, " tokens");
    return images;
}

/// Attention within each image by LibTorch's operator, neighbours of equally many tokens at a time.
at::Tensor attention_within(const at::Tensor &qkv, int64_t heads,
                            const std::vector<Span> &images) {
    std::vector<at::Tensor> parts;
    auto all = qkv.reshape({1, -1, qkv.size(2)});
    for (size_t first = 0; first < images.size();) {
        size_t last = first;
        int64_t tokens = images[first].tokens;
        while (last < images.size() && images[last].tokens == tokens) ++last;
        auto count = static_cast<int64_t>(last - first);
        auto own = all.narrow(1, images[first].start, count * tokens)
                       .view({count, tokens, qkv.size(2)});
        parts.push_back(attention(own, heads, false).view({1, count * tokens, -1}));
        first = last;
    }
    auto joined = parts.size() == 1 ? parts[0] : at::cat(parts, 1);
    return joined.view({qkv.size(0), qkv.size(1), -1});
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
                          double epsilon, re_dtype dtype, re_tensor **result) {
        return returning(result, [&] {
            return layer_norm(x->value, weight->value, bias->value, epsilon, scalar_type(dtype));
        });
    };
    table.gelu = [](const re_tensor *x, re_tensor **result) {
        return returning(result, [&] { return at::gelu(x->value); });
    };
    table.quick_gelu = [](const re_tensor *x, const re_tensor *bias, re_tensor **result) {
        return returning(result, [&] { return quick_gelu(x->value, bias->value); });
    };
    table.perceptron = [](const re_tensor *x, const re_tensor *first_weight,
                          const re_tensor *first_bias, const re_tensor *second_weight,
                          const re_tensor *second_bias, const re_tensor *residual,
                          re_dtype compute_dtype, re_tensor **result) {
        return returning(result, [&] {
            return perceptron(x->value, first_weight->value, first_bias->value,
                              second_weight->value, second_bias->value, residual->value,
                              scalar_type(compute_dtype));
        });
    };
    table.attention = [](const re_tensor *qkv, int64_t heads, int32_t causal, int32_t plainly,
                         re_tensor **result) {
        return returning(result, [&] {
            const auto &joined = qkv->value;
            bool own = causal == 0 && plainly == 0 && has_own_attention(joined, heads);
            if (!own) return attention(joined, heads, causal != 0);
            std::vector<int64_t> tokens(joined.size(0), joined.size(1));
            return trained_attention(joined, heads, spans(joined, tokens));
        });
    };
    table.attention_within = [](const re_tensor *qkv, const int64_t *tokens, int32_t count,
                                int64_t heads, int32_t plainly, re_tensor **result) {
        return returning(result, [&] {
            std::vector<int64_t> counts(tokens, tokens + count);
            auto images = spans(qkv->value, counts);
            return plainly == 0 && has_own_attention(qkv->value, heads)
                       ? trained_attention(qkv->value, heads, images)
                       : attention_within(qkv->value, heads, images);
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
