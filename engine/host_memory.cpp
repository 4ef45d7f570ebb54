// Memory of large tensors on the processor. A training step allocates and frees the same sizes
// again and again; the C library returns much of it to the system each time, which then maps and
// zeroes it anew, in small pages. Here freed blocks wait for the next tensors, cut to their sizes
// and joined again, and are made of large pages where the system has them.
//
// Never is more held than was in use at once: before new memory is taken, waiting blocks go, the
// smallest first.
//
// SPDX-License-Identifier: MIT

#include "host_memory.hpp"

#ifdef __linux__

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <unordered_map>

namespace reident {
namespace {

/// Smaller tensors stay the C library's.
constexpr size_t smallest = 1 << 20;
constexpr size_t page = 1 << 12, large_page = 1 << 21;

size_t rounded_up(size_t bytes, size_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
}

/// New memory, 0 if the system has none.
uintptr_t mapped(size_t size) {
    // A large page begins at a multiple of its size: what is mapped too much before it goes back.
    size_t whole = size + large_page;
    void *start = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return 0;
    auto address = reinterpret_cast<uintptr_t>(start);
    auto first = rounded_up(address, large_page);
    if (first > address) munmap(start, first - address);
    if (first + size < address + whole) {
        munmap(reinterpret_cast<void *>(first + size), address + whole - first - size);
    }
    // The last part stays in small pages, or each tensor would hold a megabyte too much.
    if (size >= large_page) {
        madvise(reinterpret_cast<void *>(first), size / large_page * large_page, MADV_HUGEPAGE);
    }
    return first;
}

class Blocks {
public:
    /// Null if the system has no memory left.
    void *take(size_t bytes) {
        size_t size = rounded_up(bytes, page);
        std::lock_guard<std::mutex> guard(mutex_);
        auto place = waiting(size);
        if (place == 0) {
            most_ = std::max(most_, used_ + size);
            while (!free_.empty() && used_ + size + freed_ > most_) drop();
            place = mapped(size);
            while (place == 0 && !free_.empty()) {
                drop();
                place = mapped(size);
            }
            if (place == 0) return nullptr;
        }
        sizes_[place] = size;
        used_ += size;
        most_ = std::max(most_, used_);
        return reinterpret_cast<void *>(place);
    }

    /// Whether the block was taken here.
    bool give(void *block) {
        auto place = reinterpret_cast<uintptr_t>(block);
        if (place % page != 0) return false;
        std::lock_guard<std::mutex> guard(mutex_);
        auto known = sizes_.find(place);
        if (known == sizes_.end()) return false;
        size_t size = known->second;
        sizes_.erase(known);
        used_ -= size;
        freed_ += size;
        // Neighbours become one; the system does not mind which mapping they came from.
        auto next = free_.lower_bound(place);
        if (next != free_.end() && next->first == place + size) {
            size += next->second;
            next = free_.erase(next);
        }
        if (next != free_.begin()) {
            auto last = std::prev(next);
            if (last->first + last->second == place) {
                last->second += size;
                return true;
            }
        }
        free_.emplace_hint(next, place, size);
        return true;
    }

private:
    /// The front of the smallest waiting block that is large enough; 0 if there is none.
    uintptr_t waiting(size_t size) {
        auto best = free_.end();
        for (auto block = free_.begin(); block != free_.end(); ++block) {
            if (block->second < size) continue;
            if (best == free_.end() || block->second < best->second) best = block;
        }
        if (best == free_.end()) return 0;
        auto [place, whole] = *best;
        free_.erase(best);
        if (whole > size) free_[place + size] = whole - size;
        freed_ -= size;
        return place;
    }

    /// Returns the smallest waiting block to the system: it serves the fewest tensors.
    void drop() {
        auto least = std::min_element(
            free_.begin(), free_.end(),
            [](const auto &lhs, const auto &rhs) { return lhs.second < rhs.second; });
        munmap(reinterpret_cast<void *>(least->first), least->second);
        freed_ -= least->second;
        free_.erase(least);
    }

    std::mutex mutex_;
    std::map<uintptr_t, size_t> free_;
    std::unordered_map<uintptr_t, size_t> sizes_;  // of those in use
    size_t used_ = 0, freed_ = 0, most_ = 0;
};

/// Tensors may be freed while the program ends, so this is never destroyed.
Blocks &blocks() {
    static auto *shared = new Blocks;
    return *shared;
}

/// LibTorch's own allocator, for small tensors.
c10::Allocator &plain() {
    static auto *allocator = c10::GetDefaultCPUAllocator();
    return *allocator;
}

// oneDNN's working memory comes from here, too, and is freed by its address alone.
void release_block(void *block) {
    if (block != nullptr && !blocks().give(block)) plain().raw_deallocate(block);
}

struct HostAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t bytes) override {
        void *block = bytes >= smallest ? blocks().take(bytes) : nullptr;
        // Without memory the plain one says what is wrong.
        if (block == nullptr) block = plain().raw_allocate(bytes);
        return {block, block, release_block, c10::kCPU};
    }

    c10::DeleterFnPtr raw_deleter() const override { return release_block; }

    void copy_data(void *to, const void *from, std::size_t bytes) const override {
        default_copy_data(to, from, bytes);
    }
};

}  // namespace

void reuse_host_memory() {
    static HostAllocator allocator;
    c10::SetCPUAllocator(&allocator);
}

}  // namespace reident

#else

namespace reident {
void reuse_host_memory() {}
}  // namespace reident

#endif
