// How the engine's own element-wise kernels read, write and transform numbers. They are plain loops
// that compilers turn into registers of many numbers, so that one source serves every processor.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>
#include <cstring>

#define REIDENT_INLINE inline __attribute__((always_inline))

// A clone for each width of registers, chosen when the engine is loaded. Levels of x86-64 have what
// belongs to a width, too: products and sums in one instruction.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define REIDENT_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REIDENT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define REIDENT_CLONES
#endif

namespace reident {

/// A number is stored as it is, or as bfloat16, the upper half of a float.
REIDENT_INLINE float loaded(float value) { return value; }
REIDENT_INLINE float loaded(c10::BFloat16 value) {
    uint32_t bits = static_cast<uint32_t>(value.x) << 16;
    float result;
    std::memcpy(&result, &bits, sizeof result);
    return result;
}

REIDENT_INLINE void store(float value, float *place) { *place = value; }
/// To the nearest, of two as near the even one; without a branch, so that compilers use registers
/// of many numbers. What is not a number stays none.
REIDENT_INLINE void store(float value, c10::BFloat16 *place) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    uint32_t none = (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : 0u;
    place->x = static_cast<uint16_t>(rounded | none);
}

/// e^x to a few units in the last place, for x beyond ±87 that of ±87; without a branch.
REIDENT_INLINE float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;  // in this order no number stays none
    x = x > 87.0f ? 87.0f : x;
    // Added, a multiple of 1/2 of 2^23 leaves no place for fractions: the lowest bits are round(n).
    float shifted = x * 1.44269504f + 12582912.0f;
    uint32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    float n = shifted - 12582912.0f;
    // ln 2 in two parts, so that the remainder is exact.
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    // The series of e^r for |r| of at most ln(2)/2.
    float y = 1.0f / 720;
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    uint32_t power = (bits + 127u) << 23;
    float factor;
    std::memcpy(&factor, &power, sizeof factor);
    return y * factor;
}

}  // namespace reident
