// Memory of large tensors on the processor. A training step allocates and frees the same sizes again
// and again; the C library returns much of it to the system each time, which then maps and zeroes it
// anew, in small pages. Here freed blocks wait for the next tensor of their size, and are made of
// large pages where the system has them.
//
// Never is more held than was in use at once: before new memory is taken, waiting blocks go, the
// oldest first.
//
// SPDX-License-Identifier: MIT

#include "host_memory.hpp"

#ifdef __linux__

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace reident {
namespace {

/// Smaller tensors stay the C library's.
constexpr size_t smallest = 1 << 20;
constexpr size_t page = 1 << 12, large_page = 1 << 21;

size_t rounded_up(size_t bytes, size_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
}

/// A block's whole mapping begins at its address; `size` bytes.
void *mapped(size_t size) {
    // A large page begins at a multiple of its size: what is mapped too much before it goes back.
    size_t whole = size + large_page;
    void *start = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return nullptr;
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
    return reinterpret_cast<void *>(first);
}

class Blocks {
public:
    /// Null if the system has no memory left.
    void *take(size_t bytes) {
        size_t size = rounded_up(bytes, page);
        std::lock_guard<std::mutex> guard(mutex_);
        void *block = waiting(size);
        if (block == nullptr) {
            used_ += size;
            most_ = std::max(most_, used_);
            while (!free_.empty() && used_ + freed_ > most_) drop();
            used_ -= size;
            block = mapped(size);
            while (block == nullptr && !free_.empty()) {
                drop();
                block = mapped(size);
            }
            if (block == nullptr) return nullptr;
            sizes_[block] = size;
        }
        used_ += sizes_[block];
        most_ = std::max(most_, used_);
        return block;
    }

    /// Whether the block was taken here.
    bool give(void *block) {
        if (reinterpret_cast<uintptr_t>(block) % large_page != 0) return false;
        std::lock_guard<std::mutex> guard(mutex_);
        auto known = sizes_.find(block);
        if (known == sizes_.end()) return false;
        used_ -= known->second;
        freed_ += known->second;
        free_.push_back(block);
        return true;
    }

private:
    /// A waiting block of this size or little more, the one freed last; null if there is none.
    void *waiting(size_t size) {
        size_t best = free_.size(), found = size + size / 16 + 1;
        for (size_t place = free_.size(); place-- > 0;) {
            size_t own = sizes_[free_[place]];
            if (own < size || own >= found) continue;
            best = place;
            found = own;
            if (own == size) break;
        }
        if (best == free_.size()) return nullptr;
        void *block = free_[best];
        free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(best));
        freed_ -= sizes_[block];
        return block;
    }

    /// Returns the block that has waited longest to the system.
    void drop() {
        void *block = free_.front();
        free_.erase(free_.begin());
        auto known = sizes_.find(block);
        freed_ -= known->second;
        munmap(block, known->second);
        sizes_.erase(known);
    }

    std::mutex mutex_;
    std::vector<void *> free_;  // the oldest in front
    std::unordered_map<void *, size_t> sizes_;
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
