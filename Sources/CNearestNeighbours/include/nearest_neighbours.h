/* A graph of near neighbours (HNSW), behind plain C: no exception leaves these functions.

   A vector lies in the graph as 8 bits a number around a middle, with a scale of its own: enough to
   find the neighbourhood, from which the caller takes the best in single precision. Places are
   numbered by the caller from 0 on, without gaps.

   Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
   Navigable Small World graphs", 2016; the graph itself is hnswlib's.

   SPDX-License-Identifier: MIT */

#ifndef REIDENT_NEAREST_NEIGHBOURS_H
#define REIDENT_NEAREST_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct reident_graph reident_graph;

/* How a graph is made. */
typedef struct {
  size_t dimension;  /* of the vectors, at most REIDENT_SCREEN_LONGEST */
  size_t neighbours; /* that a place is linked with, on each level; twice as many on the lowest */
  size_t effort;     /* candidates among which a new place's neighbours are chosen */
} reident_graph_form;

/* What a stored graph says of itself beside its bytes. */
typedef struct {
  size_t count;      /* places, removed ones included */
  int64_t entry;     /* where searches begin; -1 in an empty graph */
  int64_t top_level; /* -1 in an empty graph */
} reident_graph_head;

/* What went wrong in the last call of this thread that failed. */
const char *reident_graph_problem(void);

/* An empty graph with room for `capacity` places; NULL on failure. */
reident_graph *reident_graph_create(
    const reident_graph_form *form, const float *middle, size_t capacity);
void reident_graph_free(reident_graph *graph);

size_t reident_graph_count(const reident_graph *graph);

/* The functions below return 0, or -1 on failure. A graph is changed by `reserve` and `remove` in
   one thread, by `add` in several, and searched in several, never more than one kind at a time. */

/* Makes room for as many places. */
int reident_graph_reserve(reident_graph *graph, size_t capacity);

/* Puts a vector in a place: a new one, or one that was removed. */
int reident_graph_add(reident_graph *graph, size_t place, const float *vector);

/* A removed place is passed through, but not found. */
int reident_graph_remove(reident_graph *graph, size_t place);

/* Writes up to `count` places near a query, in no particular order, and how many they are. */
int reident_graph_search(
    const reident_graph *graph, const float *query, size_t count, uint32_t *places, size_t *found);

/* Bytes of a place, and those of all places' links on higher levels. */
size_t reident_graph_place_size(const reident_graph *graph);
size_t reident_graph_upper_size(const reident_graph *graph);

/* The bytes of all places as they lie in memory. */
const uint8_t *reident_graph_places(const reident_graph *graph);

/* Writes the rest: a level for each place, and the links on higher levels. */
void reident_graph_store(
    const reident_graph *graph, reident_graph_head *head, int32_t *levels, uint8_t *upper);

/* A graph from its parts; NULL if they are no sound graph, whatever they hold. */
reident_graph *reident_graph_restore(
    const reident_graph_form *form, const float *middle, const reident_graph_head *head,
    const uint8_t *places, size_t places_size, const int32_t *levels, const uint8_t *upper,
    size_t upper_size);

#ifdef __cplusplus
}
#endif

#endif
