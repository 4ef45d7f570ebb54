// The two things every function at the C boundary shares: the tensor handle and the guard that
// turns exceptions into a status and a message.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/Device.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <new>
#include <optional>

#include "reident_engine.h"

struct re_tensor {
    at::Tensor value;
};

namespace reident {

/// Handles that were handed out and not yet released.
extern std::atomic<int64_t> live_tensors;

/// Keeps `message` for last_error() of this thread, without allocating, and returns `status`.
re_status fail(re_status status, const char *message) noexcept;

/// The message that fail() kept last for this thread.
const char *last_failure() noexcept;

/// A device that this machine or this LibTorch does not have.
struct DeviceError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename Body>
re_status guarded(Body &&body) noexcept {
    try {
        body();
        return RE_OK;
    } catch (const DeviceError &error) {
        return fail(RE_DEVICE, error.what());
    } catch (const c10::OutOfMemoryError &error) {
        return fail(RE_MEMORY, error.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        return fail(RE_MEMORY, "host memory exhausted");
    } catch (const c10::Error &error) {
        return fail(RE_ENGINE, error.what_without_backtrace());
    } catch (const std::exception &error) {
        return fail(RE_ENGINE, error.what());
    } catch (...) {
        return fail(RE_ENGINE, "not a std::exception");
    }
}

/// A new handle for `value`; the caller of the boundary owns it.
inline re_tensor *hand_out(at::Tensor value) {
    auto *handle = new re_tensor{std::move(value)};
    live_tensors.fetch_add(1, std::memory_order_relaxed);
    return handle;
}

/// Runs `body`, which computes one tensor, and hands its result out.
template <typename Body>
re_status returning(re_tensor **result, Body &&body) noexcept {
    return guarded([&] { *result = hand_out(body()); });
}

/// Takes a handle back; null is allowed.
inline void release(re_tensor *tensor) {
    if (tensor == nullptr) return;
    delete tensor;
    live_tensors.fetch_sub(1, std::memory_order_relaxed);
}

/// What a handle that may be null holds.
inline std::optional<at::Tensor> optional_of(const re_tensor *tensor) {
    if (tensor == nullptr) return std::nullopt;
    return tensor->value;
}

inline c10::IntArrayRef dimensions(const int64_t *shape, int32_t rank) {
    return {shape, static_cast<size_t>(rank)};
}

at::ScalarType scalar_type(re_dtype dtype);
re_dtype dtype_of(at::ScalarType type);
at::Device device_of(re_device device, int32_t index);

/// Fills in one part of the table; each is defined beside the functions it names.
void add_tensor_functions(re_functions &table);
void add_operator_functions(re_functions &table);
void add_linear_functions(re_functions &table);
void add_convolution_functions(re_functions &table);
void add_batch_norm_functions(re_functions &table);
void add_gradient_functions(re_functions &table);
void add_optimizer_functions(re_functions &table);

/// x [.., K] times weight [N, K] transposed, plus bias [N] and residual [.., N] if defined;
/// differentiable. With a residual the result has its type, otherwise compute_type.
at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                  at::ScalarType compute_type, const at::Tensor &residual = {});

/// Whether products of this tensor's 16-bit floats are better done in fp32 and rounded, because the
/// processor has no instructions for them. The sums are in fp32 either way.
bool is_emulated(const at::Tensor &tensor);

/// Matrix product of two-dimensional CPU tensors by oneDNN where it can, without gradients.
at::Tensor product(const at::Tensor &lhs, const at::Tensor &rhs);

}  // namespace reident
