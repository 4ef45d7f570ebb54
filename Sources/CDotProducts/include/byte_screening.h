/* Upper bounds of dot products from rows in 8 bits a number: what an exact search can leave out.

   A row b is kept as b = m + s c + r: m is the same for all rows, c are whole numbers from -127 to
   127, s is a scale of the row's own, and of the rest r only the length is kept. A query a is kept
   as a = m + t q + p likewise. Then

       a . b = a . m + m . (b - m) + t s (q . c) + p . s c + (a - m) . r

   and the last two terms are at most |p| |s c| and |a - m| |r| by Cauchy and Schwarz. q . c is
   exact in whole numbers. The constants round upwards, so that a bound holds for the product in
   single precision, too; byte_screening.c says why.

   Most rows are far from a query, and the first components, the head, tell: what the others, the
   tail, can add to t s (q . c) is at most |t q| |s c| of the tail alone. Only where a bound by the
   head reaches the threshold is the tail multiplied, too.

   SPDX-License-Identifier: MIT */

#ifndef REIDENT_BYTE_SCREENING_H
#define REIDENT_BYTE_SCREENING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /* Rows and queries are filled up with zeros to a multiple of as many components. */
  REIDENT_SCREEN_STEP = 64,
  /* Queries in a vector of a panel, and the vectors that the largest panel has. */
  REIDENT_SCREEN_LANES = 16,
  REIDENT_SCREEN_VECTORS = 4,
  /* The longest vectors whose bounds are proved. */
  REIDENT_SCREEN_LONGEST = 16384
};

/* What is kept of a row beside its bytes. */
typedef struct {
  float scale;    /* s */
  float residual; /* at least |r|; infinity if the row has numbers that are not finite */
  float length;   /* at least |s c| */
  float tail;     /* at least |s c| of the tail */
  float middle;   /* m . (b - m), in single precision */
} reident_screen_row;

/* Queries beside each other. Places from `count` up to a whole vector hold zeros, and infinity as
   threshold. */
typedef struct {
  size_t count;
  size_t depth; /* padded */
  size_t head;  /* components of the head, in whole steps; all of them to use no tail */
  /* Components by fours: [depth / 4][vectors * LANES][4]; a single query row by row. */
  const int8_t *values;
  const int32_t *corrections; /* 128 times the sum of a query's q */
  const float *scales;        /* t */
  const float *weights;       /* what a row's residual is multiplied with: at least |a - m| */
  const float *offsets;       /* a . m and everything else that no row changes */
  const int32_t *head_corrections; /* as `corrections`, of the head */
  const float *tails;              /* at least |t q| of the tail */
  const int8_t *tail_values;       /* [count][depth - head] */
} reident_screen_queries;

/* A product that may reach its query's threshold. */
typedef struct {
  int32_t row;
  int32_t query;
  float bound; /* what the product does not exceed */
} reident_screen_hit;

/* Levels that this machine has: 1 for the plain one, 2 where AVX-512 multiplies bytes (VNNI). */
int reident_screen_levels(void);

/* Keeps a row: its whole numbers plus 128 in `bytes`, as many as the padded depth. The tail begins
   at `head`, a multiple of the step. */
void reident_screen_keep(
    int level, const float *row, const float *middle, size_t depth, size_t padded, size_t head,
    uint8_t *bytes, reident_screen_row *kept);

/* Writes the pairs whose bound is not below the query's threshold, and returns how many. There is
   room for all pairs at `hits`. Row numbers begin with 0 for the first of `rows`. To `tails` goes
   how many tails were multiplied one by one: some rows, and a single query, may be multiplied whole
   whatever `head` says. */
size_t reident_screen(
    int level, const uint8_t *bytes, const reident_screen_row *rows, size_t row_count,
    const reident_screen_queries *queries, const float *thresholds, reident_screen_hit *hits,
    size_t *tails);

/* The product of the whole numbers of two rows that were kept. */
int32_t reident_byte_dot(int level, const uint8_t *first, const uint8_t *second, size_t padded);

#ifdef __cplusplus
}
#endif

#endif
