// The table of functions and what concerns the engine as a whole: version, threads, devices and
// the message of the last failure.
//
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/detail/MPSHooksInterface.h>
#include <torch/version.h>

#include <cstring>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "boundary.hpp"
#include "host_memory.hpp"
#include "int8_linear.hpp"

namespace reident {

std::atomic<int64_t> live_tensors{0};

namespace {

thread_local char last_message[2048] = "";

int32_t device_count(re_device device) {
    try {
        switch (device) {
            case RE_CPU: return 1;
            case RE_CUDA:
                if (!at::hasCUDA()) return 0;
                return static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount());
            case RE_MPS: return at::hasMPS() ? 1 : 0;
        }
    } catch (...) {  // a driver that cannot start has no devices
    }
    return 0;
}

re_status synchronize(re_device device, int32_t index) {
    return guarded([&] {
        if (device == RE_CUDA) at::detail::getCUDAHooks().deviceSynchronize(index);
        if (device == RE_MPS) at::detail::getMPSHooks().deviceSynchronize();
    });
}

/// Lets the C library keep the memory of freed tensors for the next ones.
///
/// By default it returns blocks of more than some megabytes to the system at once, and every
/// layer's result is mapped, zeroed and unmapped anew: half of a training's system time.
void keep_freed_memory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
#endif
}

re_functions make_table() {
    keep_freed_memory();
    reuse_host_memory();
    re_functions table{};
    table.version = REIDENT_ENGINE_VERSION;
    table.size = sizeof(re_functions);
    table.last_error = [] { return last_failure(); };
    table.libtorch_version = [] { return TORCH_VERSION; };
    table.processor_capability = [] {
        static const std::string capability = at::get_cpu_capability();
        return capability.c_str();
    };
    table.device_count = device_count;
    table.set_threads = [](int32_t count) {
        return guarded([&] { at::set_num_threads(count); });
    };
    table.live_tensors = [] { return live_tensors.load(std::memory_order_relaxed); };
    table.synchronize = synchronize;
    add_tensor_functions(table);
    add_operator_functions(table);
    add_linear_functions(table);
    add_int8_functions(table);
    add_convolution_functions(table);
    add_batch_norm_functions(table);
    add_gradient_functions(table);
    add_optimizer_functions(table);
    return table;
}

}  // namespace

re_status fail(re_status status, const char *message) noexcept {
    std::strncpy(last_message, message, sizeof(last_message) - 1);
    last_message[sizeof(last_message) - 1] = '\0';
    return status;
}

const char *last_failure() noexcept { return last_message; }

}  // namespace reident

extern "C" __attribute__((visibility("default"))) const re_functions *reident_engine_functions() {
    static const re_functions table = reident::make_table();
    return &table;
}
