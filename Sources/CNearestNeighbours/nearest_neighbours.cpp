// The graph of near neighbours: hnswlib's, over vectors in 8 bits a number.
//
// SPDX-License-Identifier: MIT

#include "nearest_neighbours.h"

#include <byte_screening.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../CHnswlib/shim.h"

namespace {

thread_local char problem[256] = "";

void remember(const char *text) {
  std::strncpy(problem, text, sizeof problem - 1);
  problem[sizeof problem - 1] = 0;
}

template <typename Body>
auto guarded(decltype(std::declval<Body>()()) failure, Body &&body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    remember("there is not enough memory");
  } catch (const std::exception &error) {
    remember(error.what());
  } catch (...) {
    remember("an exception that is no std::exception");
  }
  return failure;
}

// What precedes the bytes of a vector. Its product with another one is
// shift + other shift + scale * other scale * (product of the bytes).
struct Head {
  float scale;
  float shift;
};

// Vectors around a middle, and how unlike two of them are.
class ByteSpace : public hnswlib::SpaceInterface<float> {
 public:
  struct Measure {
    int level;
    size_t padded;
  };

  ByteSpace(size_t dimension, const float *middle) : middle_(middle, middle + dimension) {
    const size_t step = REIDENT_SCREEN_STEP;
    measure_.level = reident_screen_levels() - 1;
    measure_.padded = (dimension + step - 1) / step * step;
    for (float value : middle_) middle_square_ += static_cast<double>(value) * value;
  }

  size_t get_data_size() override { return sizeof(Head) + measure_.padded; }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void *get_dist_func_param() override { return &measure_; }

  std::vector<uint8_t> kept(const float *vector) const {
    std::vector<uint8_t> result(sizeof(Head) + measure_.padded);
    reident_screen_row row;
    reident_screen_keep(
        measure_.level, vector, middle_.data(), middle_.size(), measure_.padded, measure_.padded,
        result.data() + sizeof(Head), &row);
    double product = 0;
    for (size_t k = 0; k < middle_.size(); k++)
      product += static_cast<double>(vector[k]) * middle_[k];
    const Head head = {row.scale, static_cast<float>(product - middle_square_ / 2)};
    std::memcpy(result.data(), &head, sizeof head);
    return result;
  }

 private:
  static float distance(const void *first, const void *second, const void *parameter) {
    const auto *measure = static_cast<const Measure *>(parameter);
    Head a, b;
    std::memcpy(&a, first, sizeof a);
    std::memcpy(&b, second, sizeof b);
    const int32_t product = reident_byte_dot(
        measure->level, static_cast<const uint8_t *>(first) + sizeof a,
        static_cast<const uint8_t *>(second) + sizeof b, measure->padded);
    return 1 - (a.shift + b.shift + a.scale * b.scale * static_cast<float>(product));
  }

  std::vector<float> middle_;
  Measure measure_ = {};
  double middle_square_ = 0;
};

// hnswlib's graph, with what it takes to store it elsewhere than in a file of its own.
class Graph : public hnswlib::HierarchicalNSW<float> {
 public:
  using Base = hnswlib::HierarchicalNSW<float>;
  using Base::Base;

  size_t count() const { return cur_element_count; }

  void store(reident_graph_head *head, int32_t *levels, uint8_t *upper) const {
    *head = {count(), count() ? static_cast<int64_t>(enterpoint_node_) : -1, maxlevel_};
    for (size_t place = 0; place < count(); place++) {
      levels[place] = element_levels_[place];
      const size_t size = size_links_per_element_ * element_levels_[place];
      if (size) std::memcpy(upper, linkLists_[place], size);
      upper += size;
    }
  }

  size_t upper_size() const {
    size_t levels = 0;
    for (size_t place = 0; place < count(); place++) levels += element_levels_[place];
    return levels * size_links_per_element_;
  }

  // Every link is looked at before it is followed: the bytes may be anybody's.
  void restore(
      const reident_graph_head &head, const uint8_t *places, size_t places_size,
      const int32_t *levels, const uint8_t *upper, size_t upper_size) {
    if (places_size != head.count * size_data_per_element_) refuse("its places have another size");
    if (head.count == 0) return;
    size_t expected = 0;
    for (size_t place = 0; place < head.count; place++) {
      if (levels[place] < 0 || levels[place] > 64) refuse("a place has a level that cannot be");
      expected += levels[place] * size_links_per_element_;
    }
    if (expected != upper_size) refuse("its links have another size");
    if (head.entry < 0 || static_cast<size_t>(head.entry) >= head.count ||
        levels[head.entry] != head.top_level)
      refuse("its entry is no place of it");
    std::memcpy(data_level0_memory_, places, places_size);
    std::vector<bool> seen(head.count, false);
    for (size_t place = 0; place < head.count; place++) {
      const auto label = getExternalLabel(place);
      if (label >= head.count || seen[label]) refuse("a place has a number that cannot be");
      seen[label] = true;
      check(get_linklist0(place), maxM0_, 0, head.count, levels);
      element_levels_[place] = levels[place];
      linkLists_[place] = nullptr;
      const size_t size = size_links_per_element_ * levels[place];
      if (size) {
        // Room as hnswlib makes it, which frees it, too.
        linkLists_[place] = static_cast<char *>(std::malloc(size + 1));
        if (!linkLists_[place]) throw std::bad_alloc();
        std::memcpy(linkLists_[place], upper, size);
        upper += size;
      }
      cur_element_count = place + 1;
      for (int level = 1; level <= levels[place]; level++)
        check(get_linklist(place, level), maxM_, level, head.count, levels);
      label_lookup_[label] = place;
      if (isMarkedDeleted(place)) num_deleted_ += 1;
    }
    enterpoint_node_ = static_cast<hnswlib::tableint>(head.entry);
    maxlevel_ = static_cast<int>(head.top_level);
  }

 private:
  [[noreturn]] static void refuse(const char *text) { throw std::runtime_error(text); }

  void check(
      hnswlib::linklistsizeint *list, size_t most, int level, size_t count,
      const int32_t *levels) const {
    const size_t size = getListCount(list);
    if (size > most) refuse("a place has too many links");
    const auto *links = reinterpret_cast<const hnswlib::tableint *>(list + 1);
    for (size_t position = 0; position < size; position++)
      if (links[position] >= count || levels[links[position]] < level)
        refuse("a link leads nowhere");
  }
};

}  // namespace

struct reident_graph {
  reident_graph(const reident_graph_form &form, const float *middle, size_t capacity)
      : space(form.dimension, middle),
        graph(&space, capacity ? capacity : 1, form.neighbours, form.effort) {
    graph.setEf(1);  // a search says itself how many candidates it keeps
  }

  ByteSpace space;
  Graph graph;
};

extern "C" {

const char *reident_graph_problem(void) { return problem; }

reident_graph *reident_graph_create(
    const reident_graph_form *form, const float *middle, size_t capacity) {
  return guarded(static_cast<reident_graph *>(nullptr), [&] {
    return new reident_graph(*form, middle, capacity);
  });
}

void reident_graph_free(reident_graph *graph) { delete graph; }

size_t reident_graph_count(const reident_graph *graph) { return graph->graph.count(); }

int reident_graph_reserve(reident_graph *graph, size_t capacity) {
  return guarded(-1, [&] {
    if (capacity > graph->graph.max_elements_) graph->graph.resizeIndex(capacity);
    return 0;
  });
}

int reident_graph_add(reident_graph *graph, size_t place, const float *vector) {
  return guarded(-1, [&] {
    graph->graph.addPoint(graph->space.kept(vector).data(), place);
    return 0;
  });
}

int reident_graph_remove(reident_graph *graph, size_t place) {
  return guarded(-1, [&] {
    graph->graph.markDelete(place);
    return 0;
  });
}

int reident_graph_search(
    const reident_graph *graph, const float *query, size_t count, uint32_t *places,
    size_t *found) {
  return guarded(-1, [&] {
    *found = 0;
    auto nearest = graph->graph.searchKnn(graph->space.kept(query).data(), count);
    for (; !nearest.empty(); nearest.pop())
      places[(*found)++] = static_cast<uint32_t>(nearest.top().second);
    return 0;
  });
}

size_t reident_graph_place_size(const reident_graph *graph) {
  return graph->graph.size_data_per_element_;
}

size_t reident_graph_upper_size(const reident_graph *graph) { return graph->graph.upper_size(); }

const uint8_t *reident_graph_places(const reident_graph *graph) {
  return reinterpret_cast<const uint8_t *>(graph->graph.data_level0_memory_);
}

void reident_graph_store(
    const reident_graph *graph, reident_graph_head *head, int32_t *levels, uint8_t *upper) {
  graph->graph.store(head, levels, upper);
}

reident_graph *reident_graph_restore(
    const reident_graph_form *form, const float *middle, const reident_graph_head *head,
    const uint8_t *places, size_t places_size, const int32_t *levels, const uint8_t *upper,
    size_t upper_size) {
  return guarded(static_cast<reident_graph *>(nullptr), [&] {
    auto graph = std::make_unique<reident_graph>(*form, middle, head->count);
    graph->graph.restore(*head, places, places_size, levels, upper, upper_size);
    return graph.release();
  });
}

}  // extern "C"
