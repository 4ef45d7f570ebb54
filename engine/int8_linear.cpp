// Linear layers in 8-bit integers for inference: weights with a scale for each output, laid out
// once; activations with a scale and a zero for each row, found while the row is in the cache.
//
// y = s_row · s_output · (Σ q w − zero · Σ w) + b. Rows take the whole range of a byte, from their
// smallest number to their largest, so that what follows an activation, which is hardly ever
// negative, loses no bit to a sign.
//
// SPDX-License-Identifier: MIT

#include "int8_linear.hpp"

#include <ATen/Parallel.h>

#include "int8_avx2.hpp"
#include "int8_avx512.hpp"
#include "int8_kernels.hpp"

namespace reident {
namespace {

template <typename Kind, typename Number>
void compute(const at::Tensor &x, const at::Tensor &packed, const Output &output) {
    int64_t count = x.size(1), stride = packed.size(1) * depth, rows = x.size(0);
    const auto *inputs = static_cast<const Number *>(x.const_data_ptr());
    const auto *weights =
        reinterpret_cast<const int8_t *>(packed.const_data_ptr<uint8_t>());
    // As many rows for every thread, and none of them a small rest.
    int64_t tasks = at::get_num_threads() *
                    std::max<int64_t>(1, rows / (block_rows * at::get_num_threads()));
    int64_t step = rounded_up((rows + tasks - 1) / tasks, tile_rows);
    at::parallel_for(0, (rows + step - 1) / step, 1, [&](int64_t first, int64_t last) {
        Bytes<typename Kind::Value> bytes(step, stride);
        for (int64_t task = first; task < last; ++task) {
            int64_t begin = task * step, own = std::min(step, rows - begin);
            for (int64_t r = 0; r < own; ++r) {
                Kind::to_bytes(inputs + (begin + r) * count, count, bytes, r);
            }
            for (int64_t column = 0; column < output.width; column += panel_width) {
                for (int64_t r = 0; r < own; r += tile_rows) {
                    Kind::template tile<Number>(
                        bytes, r, std::min(tile_rows, own - r), weights + column * stride, column,
                        output, begin);
                }
            }
        }
    });
}

template <typename Kind>
void compute(const at::Tensor &x, const at::Tensor &packed, const Output &output) {
    if (x.scalar_type() == at::kFloat) return compute<Kind, float>(x, packed, output);
    compute<Kind, c10::BFloat16>(x, packed, output);
}

}  // namespace

Int8Weight int8_weight(const at::Tensor &weight) {
    TORCH_CHECK(weight.dim() == 2 && weight.is_cpu(), "weights in 8-bit integers are a matrix on "
                "the processor, not ", weight.sizes(), " on ", weight.device());
    auto values = weight.detach().to(at::kFloat).contiguous();
    int64_t outputs = values.size(0), count = values.size(1);
    int64_t panels = rounded_up(outputs, panel_width) / panel_width;
    int64_t steps = rounded_up(count, depth) / depth;
    auto packed = at::zeros({panels, steps, panel_width * depth},
                            values.options().dtype(at::kByte));
    auto scales = at::zeros({2, outputs}, values.options());
    const float *from = values.const_data_ptr<float>();
    auto *to = reinterpret_cast<int8_t *>(packed.mutable_data_ptr<uint8_t>());
    auto *scale = scales.mutable_data_ptr<float>(), *sum = scale + outputs;
    at::parallel_for(0, outputs, 16, [&](int64_t first, int64_t last) {
        for (int64_t n = first; n < last; ++n) {
            const float *row = from + n * count;
            float largest = 0;
            for (int64_t k = 0; k < count; ++k) largest = std::max(largest, std::abs(row[k]));
            scale[n] = largest / 127;
            float inverse = inverse_of(scale[n]);
            int8_t *place = to + n / panel_width * steps * panel_width * depth +
                            n % panel_width * depth;
            for (int64_t k = 0; k < count; ++k) {
                auto value = static_cast<int8_t>(std::nearbyint(row[k] * inverse));
                place[k / depth * panel_width * depth + k % depth] = value;
                sum[n] += value;  // a whole number far below 2^24
            }
        }
    });
    return {packed, scales};
}

at::Tensor int8_linear(const at::Tensor &x, const Int8Weight &weight, const at::Tensor &bias,
                       re_activation activation, const at::Tensor &residual,
                       re_int8_kernel widest) {
    int64_t steps = weight.packed.size(1), width = weight.scales.size(1);
    bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
    TORCH_CHECK(known && x.is_cpu() && rounded_up(x.size(-1), depth) == steps * depth,
                "a layer in 8-bit integers with ", steps * depth, " inputs on ", x.sizes(), " of ",
                x.scalar_type(), " on ", x.device());
    auto shape = x.sizes().vec();
    shape.back() = width;
    auto rows = x.reshape({-1, x.size(-1)}).contiguous();
    auto result = at::empty(shape, x.options());
    if (result.numel() == 0) return result;
    at::Tensor added;
    if (residual.defined()) added = residual.to(x.scalar_type()).expand(shape).contiguous();
    // Whole panels, so that no tile looks for the end.
    auto padded = at::zeros({2, weight.packed.size(0) * panel_width}, weight.scales.options());
    padded[0].narrow(0, 0, width).copy_(weight.scales[0]);
    if (bias.defined()) padded[1].narrow(0, 0, width).copy_(bias);
    auto sums = at::zeros({padded.size(1)}, padded.options().dtype(at::kInt));
    sums.narrow(0, 0, width).copy_(weight.scales[1]);
    Output output{padded.const_data_ptr<float>(),
                  padded.const_data_ptr<float>() + padded.size(1),
                  sums.const_data_ptr<int32_t>(),
                  activation,
                  added.defined() ? added.const_data_ptr() : nullptr,
                  result.mutable_data_ptr(),
                  width};
#ifdef REIDENT_X86
    if (widest >= RE_INT8_AVX512 && Avx512::is_available()) {
        compute<Avx512>(rows, weight.packed, output);
        return result;
    }
    if (widest >= RE_INT8_AVX2 && Avx2::is_available()) {
        compute<Avx2>(rows, weight.packed, output);
        return result;
    }
#endif
    (void)widest;
    compute<Plain>(rows, weight.packed, output);
    return result;
}

void add_int8_functions(re_functions &table) {
    table.quantize_weight = [](const re_tensor *weight, re_tensor **packed, re_tensor **scales) {
        return guarded([&] {
            auto result = int8_weight(weight->value);
            auto *first = hand_out(result.packed);
            try {
                *scales = hand_out(result.scales);
            } catch (...) {
                release(first);
                throw;
            }
            *packed = first;
        });
    };
    table.linear_int8 = [](const re_tensor *x, const re_tensor *packed, const re_tensor *scales,
                           const re_tensor *bias, re_activation activation,
                           const re_tensor *residual, re_int8_kernel widest,
                           re_tensor **result) {
        return returning(result, [&] {
            at::NoGradGuard no_gradients;
            return int8_linear(x->value, {packed->value, scales->value},
                               bias == nullptr ? at::Tensor() : bias->value, activation,
                               residual == nullptr ? at::Tensor() : residual->value,
                               widest);
        });
    };
}

}  // namespace reident
