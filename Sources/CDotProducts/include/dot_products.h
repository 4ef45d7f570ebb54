/* Dot products of many vectors with many vectors, for re-ranking and distances without an engine.

   Written in C because a Swift function cannot ask for AVX2 or AVX-512 on its own: the same loop in
   Swift's SIMD types is compiled for the oldest x86-64 and is 4 to 8 times slower here.

   Vectors are first packed into panels: component after component, the vectors side by side. A
   product is summed over the components in order, so a . b and b . a are the same bits.

   SPDX-License-Identifier: MIT */

#ifndef REIDENT_DOT_PRODUCTS_H
#define REIDENT_DOT_PRODUCTS_H

#include <stddef.h>

/* Vectors in a left panel, and in a right one. */
enum { REIDENT_DOT_LEFT = 12, REIDENT_DOT_RIGHT = 32 };

/* Puts `count` vectors of `depth` components, one after another in memory, side by side at `panel`.
   `width` is the number of vectors the whole panel has; other places of it are left alone. */
void reident_dot_pack(
    const float *vectors, size_t count, size_t depth, size_t width, float *panel);

/* How many levels of instructions this machine has: 1 for the plainest, which every one has. The
   functions below take a level from 0 up to one less. */
int reident_dot_levels(void);

/* Products of a left panel with a right panel: out[row * stride + column]. */
void reident_dot_tile(
    int level, size_t depth, const float *left, const float *right, float *out, size_t stride);

/* One dot product. The order of summation is another one. */
float reident_dot(int level, const float *first, const float *second, size_t depth);

/* The products of pairs of vectors, each with the very bits that a tile has for it. */
void reident_dot_pairs(
    int level, size_t depth, size_t count, const float *const *first, const float *const *second,
    float *out);

#endif
