// Multi-head attention on processors with AVX-512: queries, keys and values are read where the
// product that made them left them, and no matrix of all scores is ever written. Other processors
// and masks take LibTorch's operator, which is also the tests' yardstick.
//
// Rows of queries are multiplied with all keys of a head, the softmax is taken while they are in
// the cache, and the result with all values.
//
// SPDX-License-Identifier: MIT

#include "attention.hpp"

#include <ATen/Parallel.h>

#include <vector>

#include "tiles.hpp"

namespace reident {

#ifdef REIDENT_AVX512
namespace {

/// Memory of one thread.
template <typename Kind>
struct Scratch {
    std::vector<typename Kind::word> keys, values;
    std::vector<typename Kind::number> weights;
    std::vector<float> scores;

    Scratch(int64_t padded, int64_t width)
        : keys(static_cast<size_t>(padded * width / Kind::depth)),
          values(static_cast<size_t>(padded * width / Kind::depth)),
          weights(static_cast<size_t>(padded * group_rows)),
          scores(static_cast<size_t>(std::max(padded, width) * group_rows)) {}
};

/// Asks for the numbers that the next head needs of some tokens: they lie behind this one's. Behind
/// the last head lies something else or nothing; asking for it reads nothing and cannot fail.
REIDENT_TARGET_INLINE void fetch_ahead(const char *token, int64_t token_bytes, int64_t part_bytes,
                                       int64_t head_bytes, int64_t count) {
    for (int64_t i = 0; i < count; ++i, token += token_bytes) {
        for (int64_t part = 0; part < 3; ++part) {
            for (int64_t line = 0; line < head_bytes; line += 64) {
                _mm_prefetch(token + part * part_bytes + head_bytes + line, _MM_HINT_T1);
            }
        }
    }
}

/// One head of one image: qkv is its first token's query, `row` numbers a token; the result goes
/// to `out`, `out_row` numbers a token.
template <typename Kind>
REIDENT_TARGET void attend(const typename Kind::number *qkv, int64_t row, int64_t embedding,
                           int64_t tokens, int64_t width, typename Kind::number *out,
                           int64_t out_row, Scratch<Kind> &scratch) {
    using word = typename Kind::word;
    using number = typename Kind::number;
    int64_t padded = (tokens + lanes - 1) / lanes * lanes;
    arrange_columns<Kind>(qkv + embedding, row, tokens, padded, width, scratch.keys.data());
    arrange_rows<Kind>(qkv + 2 * embedding, row, tokens, padded, width, scratch.values.data());
    float scale = 1 / std::sqrt(static_cast<float>(width));
    for (int64_t first = 0; first < tokens; first += group_rows) {
        int64_t valid = std::min(group_rows, tokens - first);
        int64_t count = (valid + block_rows - 1) / block_rows * block_rows;
        constexpr int64_t bytes = sizeof(number);
        fetch_ahead(reinterpret_cast<const char *>(qkv + first * row), row * bytes,
                    embedding * bytes, width * bytes, valid);
        const word *rows[group_rows];
        for (int64_t r = 0; r < count; ++r) {
            // The last block repeats its last row.
            rows[r] = reinterpret_cast<const word *>(qkv + std::min(first + r, tokens - 1) * row);
        }
        multiply_all<Kind>(rows, count, scratch.keys.data(), padded / lanes, width / Kind::depth,
                           scratch.scores.data(), padded);
        float totals[group_rows];
        for (int64_t r = 0; r < count; ++r) {
            number *weights = scratch.weights.data() + r * padded;
            totals[r] = weigh<Kind>(scratch.scores.data() + r * padded, tokens, padded, scale,
                                    weights);
            rows[r] = reinterpret_cast<const word *>(weights);
        }
        multiply_all<Kind>(rows, count, scratch.values.data(), width / lanes,
                           padded / Kind::depth, scratch.scores.data(), width);
        for (int64_t r = 0; r < valid; ++r) {
            __m512 factor = _mm512_set1_ps(1 / totals[r]);
            for (int64_t d = 0; d < width; d += lanes) {
                Kind::store(_mm512_mul_ps(
                                _mm512_loadu_ps(scratch.scores.data() + r * width + d), factor),
                            out + (first + r) * out_row + d);
            }
        }
    }
}

template <typename Kind>
at::Tensor computed(const at::Tensor &qkv, int64_t heads, const std::vector<Span> &images) {
    using number = typename Kind::number;
    int64_t embedding = qkv.size(2) / 3, width = embedding / heads;
    auto result = at::empty({qkv.size(0), qkv.size(1), embedding}, qkv.options());
    const auto *from = static_cast<const number *>(qkv.const_data_ptr());
    auto *to = static_cast<number *>(result.mutable_data_ptr());
    int64_t longest = longest_of(images);
    over_heads(images, heads, [&](auto &&each) {
        Scratch<Kind> scratch((longest + lanes - 1) / lanes * lanes, width);
        each([&](const Span &image, int64_t head) {
            int64_t start = image.start * embedding, shift = head * width;
            attend<Kind>(from + 3 * start + shift, 3 * embedding, embedding, image.tokens, width,
                         to + start + shift, embedding, scratch);
        });
    });
    return result;
}

}  // namespace

bool has_own_attention(const at::Tensor &qkv, int64_t heads) {
    bool fits = heads > 0 && qkv.dim() == 3 && qkv.size(2) % (3 * heads * lanes) == 0 &&
                qkv.numel() > 0;
    if (!fits || !qkv.is_cpu() || !has_tiles()) return false;
    auto type = qkv.scalar_type();
    if (type != at::kFloat && type != at::kBFloat16) return false;
    // A register of words of one token's key, see arrange_columns().
    int64_t width = qkv.size(2) / 3 / heads, depth = type == at::kFloat ? 1 : 2;
    return width >= depth * lanes;
}

at::Tensor own_attention(const at::Tensor &qkv, int64_t heads, const std::vector<Span> &images) {
    auto joined = qkv.contiguous();
    if (joined.scalar_type() == at::kFloat) return computed<Single>(joined, heads, images);
    return computed<Half>(joined, heads, images);
}

#else

bool has_own_attention(const at::Tensor &, int64_t) { return false; }

at::Tensor own_attention(const at::Tensor &qkv, int64_t, const std::vector<Span> &) {
    TORCH_CHECK(false, "this processor has no attention of its own for ", qkv.sizes());
}

#endif

}  // namespace reident
