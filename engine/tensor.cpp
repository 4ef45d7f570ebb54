// Tensors and host memory: creation, copies, description, release, and views of other shape.
//
// SPDX-License-Identifier: MIT

#include <cstring>

#include "boundary.hpp"

namespace reident {

at::ScalarType scalar_type(re_dtype dtype) {
    switch (dtype) {
        case RE_FLOAT32: return at::kFloat;
        case RE_BFLOAT16: return at::kBFloat16;
        case RE_FLOAT16: return at::kHalf;
        case RE_UINT8: return at::kByte;
        case RE_INT64: return at::kLong;
    }
    TORCH_CHECK(false, "element type ", static_cast<int>(dtype), " is not known");
}

re_dtype dtype_of(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return RE_FLOAT32;
        case at::kBFloat16: return RE_BFLOAT16;
        case at::kHalf: return RE_FLOAT16;
        case at::kByte: return RE_UINT8;
        case at::kLong: return RE_INT64;
        default: TORCH_CHECK(false, "element type ", type, " does not cross the boundary");
    }
}

at::Device device_of(re_device device, int32_t index) {
    switch (device) {
        case RE_CPU: return at::Device(at::kCPU);
        case RE_CUDA: return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
        case RE_MPS: return at::Device(at::kMPS);
    }
    throw DeviceError("device kind " + std::to_string(static_cast<int>(device)) + " is not known");
}

namespace {

re_device device_kind(const at::Device &device) {
    if (device.is_cuda()) return RE_CUDA;
    if (device.is_mps()) return RE_MPS;
    return RE_CPU;
}

re_status from_data(const void *data, re_dtype dtype, const int64_t *shape, int32_t rank,
                    re_device device, int32_t index, re_tensor **result) {
    return returning(result, [&] {
        // from_blob borrows the caller's memory; the copy that follows is the tensor's own.
        auto borrowed = at::from_blob(const_cast<void *>(data), dimensions(shape, rank),
                                      at::TensorOptions(scalar_type(dtype)));
        auto target = device_of(device, index);
        return target.is_cpu() ? borrowed.clone() : borrowed.to(target);
    });
}

re_status copy_out(const re_tensor *tensor, re_dtype dtype, void *data, int64_t byte_count) {
    return guarded([&] {
        auto host = tensor->value.detach().to(at::kCPU, scalar_type(dtype)).contiguous();
        auto size = static_cast<int64_t>(host.nbytes());
        TORCH_CHECK(size == byte_count, "the tensor has ", size, " bytes, the destination ",
                    byte_count);
        if (size > 0) std::memcpy(data, host.const_data_ptr(), static_cast<size_t>(size));
    });
}

re_status copy_into(re_tensor *destination, const re_tensor *source) {
    return guarded([&] {
        TORCH_CHECK(destination->value.sizes() == source->value.sizes(), "copying ",
                    source->value.sizes(), " into ", destination->value.sizes());
        at::NoGradGuard no_gradients;
        destination->value.copy_(source->value);
    });
}

re_status describe(const re_tensor *tensor, re_description *description) {
    return guarded([&] {
        const auto &value = tensor->value;
        TORCH_CHECK(value.dim() <= RE_MAXIMUM_RANK, "a tensor of ", value.dim(), " dimensions");
        re_description found{};
        found.dtype = dtype_of(value.scalar_type());
        found.device = device_kind(value.device());
        found.device_index = value.device().has_index() ? value.device().index() : 0;
        found.rank = static_cast<int32_t>(value.dim());
        for (int64_t axis = 0; axis < value.dim(); ++axis) found.shape[axis] = value.size(axis);
        *description = found;
    });
}

re_status concatenate(re_tensor *const *tensors, int32_t count, int64_t dimension,
                      re_tensor **result) {
    return returning(result, [&] {
        std::vector<at::Tensor> values;
        values.reserve(static_cast<size_t>(count));
        for (int32_t index = 0; index < count; ++index) values.push_back(tensors[index]->value);
        return at::cat(values, dimension);
    });
}

}  // namespace

void add_tensor_functions(re_functions &table) {
    table.from_data = from_data;
    table.zeros_like = [](const re_tensor *tensor, re_tensor **result) {
        return returning(result, [&] { return at::zeros_like(tensor->value.detach()); });
    };
    table.copy_out = copy_out;
    table.copy_into = copy_into;
    table.describe = describe;
    table.to = [](const re_tensor *tensor, re_dtype dtype, re_device device, int32_t index,
                  re_tensor **result) {
        return returning(result, [&] {
            return tensor->value.to(device_of(device, index), scalar_type(dtype));
        });
    };
    table.release = release;
    table.reshape = [](const re_tensor *tensor, const int64_t *shape, int32_t rank,
                       re_tensor **result) {
        return returning(result, [&] { return tensor->value.reshape(dimensions(shape, rank)); });
    };
    table.permute = [](const re_tensor *tensor, const int64_t *order, int32_t rank,
                       re_tensor **result) {
        return returning(result, [&] { return tensor->value.permute(dimensions(order, rank)); });
    };
    table.narrow = [](const re_tensor *tensor, int64_t dimension, int64_t start, int64_t length,
                      re_tensor **result) {
        return returning(result, [&] { return tensor->value.narrow(dimension, start, length); });
    };
    table.concatenate = concatenate;
    table.expand = [](const re_tensor *tensor, const int64_t *shape, int32_t rank,
                      re_tensor **result) {
        return returning(result, [&] { return tensor->value.expand(dimensions(shape, rank)); });
    };
    table.flip = [](const re_tensor *tensor, int64_t dimension, re_tensor **result) {
        return returning(result, [&] { return tensor->value.flip({dimension}); });
    };
}

}  // namespace reident
