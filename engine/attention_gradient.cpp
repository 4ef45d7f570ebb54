// Attention with gradients: the forward pass is that of inference; the backward pass computes a
// head's weights again from queries and keys, so that nothing but these and the values is kept.
//
// With weights P = softmax(s Q Kᵀ), result O = P V and its gradient G, the gradients are Pᵀ G of
// the values, and with S = s P (G Vᵀ - rowsum(P G Vᵀ)) S K of the queries and Sᵀ Q of the keys
// (Dao et al., FlashAttention, 2022). A head is one thread's, so results do not depend on their
// number.
//
// SPDX-License-Identifier: MIT

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include <array>
#include <vector>

#include "attention.hpp"
#include "tiles.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

#ifdef REIDENT_AVX512

/// Numbers of a head, and how far its tokens are apart in queries, keys and values and in results.
struct Head {
    int64_t tokens, width, embedding;
    int64_t padded;   // tokens up to whole registers
    int64_t deep;     // tokens up to whole registers of words
    int64_t row, out_row;
};

/// Memory of one thread.
template <typename Kind>
struct Scratch {
    std::vector<typename Kind::word> keys, values, key_rows, query_rows, gradient_rows, turned;
    std::vector<typename Kind::number> weights, slopes;
    std::vector<float> scores, products;

    explicit Scratch(const Head &head) {
        constexpr int64_t depth = Kind::depth;
        auto narrow = static_cast<size_t>(head.padded * head.width / depth);
        auto deep = static_cast<size_t>(head.deep * head.width / depth);
        auto square = static_cast<size_t>(head.deep * head.padded);
        for (auto *part : {&keys, &values, &key_rows}) part->resize(narrow);
        for (auto *part : {&query_rows, &gradient_rows}) part->resize(deep);
        turned.resize(static_cast<size_t>((head.padded + block_rows) * head.deep / depth));
        weights.resize(square);
        slopes.resize(square);
        auto group = static_cast<size_t>(std::max(head.padded, head.width) * group_rows);
        scores.resize(group);
        products.resize(group);
    }
};

/// From a row's scores and its products G Vᵀ its weights P and their slopes S.
template <typename Kind>
REIDENT_TARGET_INLINE void differentiate_row(float *scores, const float *products, const Head &head,
                                             float scale, typename Kind::number *weights,
                                             typename Kind::number *slopes) {
    __m512 infinite = _mm512_set1_ps(-INFINITY), largest = infinite;
    __m512 total = _mm512_setzero_ps(), mean = _mm512_setzero_ps();
    auto valid = [&](int64_t j) {
        int64_t left = head.tokens - j;
        return static_cast<__mmask16>(left >= lanes ? 0xffff : (1u << left) - 1);
    };
    for (int64_t j = 0; j < head.padded; j += lanes) {
        largest = _mm512_max_ps(largest, _mm512_mask_loadu_ps(infinite, valid(j), scores + j));
    }
    __m512 shift = _mm512_set1_ps(_mm512_reduce_max_ps(largest) * scale);
    __m512 factor = _mm512_set1_ps(scale);
    for (int64_t j = 0; j < head.padded; j += lanes) {
        __m512 y = exponential(_mm512_fmsub_ps(_mm512_loadu_ps(scores + j), factor, shift));
        y = _mm512_maskz_mov_ps(valid(j), y);
        total = _mm512_add_ps(total, y);
        mean = _mm512_fmadd_ps(y, _mm512_loadu_ps(products + j), mean);
        _mm512_storeu_ps(scores + j, y);
    }
    float part = 1 / _mm512_reduce_add_ps(total);
    __m512 share = _mm512_set1_ps(part);
    mean = _mm512_set1_ps(_mm512_reduce_add_ps(mean) * part);
    for (int64_t j = 0; j < head.padded; j += lanes) {
        __m512 y = _mm512_mul_ps(_mm512_loadu_ps(scores + j), share);
        __m512 slope = _mm512_sub_ps(_mm512_loadu_ps(products + j), mean);
        Kind::store(y, weights + j);
        Kind::store(_mm512_mul_ps(_mm512_mul_ps(y, slope), factor), slopes + j);
    }
}

/// A matrix of rows of `padded` numbers becomes rows of words, each of neighbouring rows' numbers.
template <typename Kind>
REIDENT_TARGET void turn(const typename Kind::number *matrix, const Head &head,
                         typename Kind::word *turned) {
    constexpr int64_t depth = Kind::depth;
    int64_t words = head.deep / depth;
    for (int64_t i = 0; i < head.deep; i += depth * lanes) {
        for (int64_t j = 0; j < head.padded; j += lanes) {
            __m512i rows[lanes];
            for (int64_t line = 0; line < lanes; ++line) {
                const auto *first = matrix + (i + depth * line) * head.padded + j;
                rows[line] = Kind::joined(first, first + (depth - 1) * head.padded);
            }
            transpose(rows, turned + j * words + i / depth, words);
        }
    }
}

/// Rows [first, first + group_rows) times columns, `words` of each, go to result.
template <typename Kind>
REIDENT_TARGET_INLINE void multiply_group(const typename Kind::word *matrix, int64_t stride,
                                          int64_t words, const typename Kind::word *columns,
                                          const Head &head, int64_t first, float *sums,
                                          typename Kind::number *result) {
    int64_t valid = std::min(group_rows, head.tokens - first);
    int64_t count = (valid + block_rows - 1) / block_rows * block_rows;
    const typename Kind::word *rows[group_rows];
    for (int64_t r = 0; r < count; ++r) {
        rows[r] = matrix + std::min(first + r, head.tokens - 1) * stride;
    }
    multiply_all<Kind>(rows, count, columns, head.width / lanes, words, sums, head.width);
    for (int64_t r = 0; r < valid; ++r) {
        for (int64_t d = 0; d < head.width; d += lanes) {
            Kind::store(_mm512_loadu_ps(sums + r * head.width + d),
                        result + (first + r) * head.row + d);
        }
    }
}

/// One head of one image: qkv and result begin at its first token's query, gradient at its result.
template <typename Kind>
REIDENT_TARGET void differentiate(const typename Kind::number *qkv,
                                  const typename Kind::number *gradient, const Head &head,
                                  typename Kind::number *result, Scratch<Kind> &scratch) {
    using word = typename Kind::word;
    constexpr int64_t depth = Kind::depth;
    const auto *keys = qkv + head.embedding, *values = qkv + 2 * head.embedding;
    auto [tokens, width, padded, deep] =
        std::array{head.tokens, head.width, head.padded, head.deep};
    arrange_columns<Kind>(keys, head.row, tokens, padded, width, scratch.keys.data());
    arrange_columns<Kind>(values, head.row, tokens, padded, width, scratch.values.data());
    arrange_rows<Kind>(keys, head.row, tokens, padded, width, scratch.key_rows.data());
    arrange_rows<Kind>(qkv, head.row, tokens, deep, width, scratch.query_rows.data());
    arrange_rows<Kind>(gradient, head.out_row, tokens, deep, width, scratch.gradient_rows.data());
    for (auto *matrix : {&scratch.weights, &scratch.slopes}) {  // rows behind the last token
        std::fill(matrix->begin() + tokens * padded, matrix->begin() + deep * padded, 0);
    }
    float scale = 1 / std::sqrt(static_cast<float>(width));
    for (int64_t first = 0; first < tokens; first += group_rows) {
        int64_t valid = std::min(group_rows, tokens - first);
        int64_t count = (valid + block_rows - 1) / block_rows * block_rows;
        const word *queries[group_rows], *slopes[group_rows];
        for (int64_t r = 0; r < count; ++r) {
            // The last block repeats its last row.
            int64_t token = std::min(first + r, tokens - 1);
            queries[r] = reinterpret_cast<const word *>(qkv + token * head.row);
            slopes[r] = reinterpret_cast<const word *>(gradient + token * head.out_row);
        }
        multiply_all<Kind>(queries, count, scratch.keys.data(), padded / lanes, width / depth,
                           scratch.scores.data(), padded);
        multiply_all<Kind>(slopes, count, scratch.values.data(), padded / lanes, width / depth,
                           scratch.products.data(), padded);
        for (int64_t r = 0; r < valid; ++r) {
            int64_t place = (first + r) * padded;
            differentiate_row<Kind>(scratch.scores.data() + r * padded,
                                    scratch.products.data() + r * padded, head, scale,
                                    scratch.weights.data() + place, scratch.slopes.data() + place);
        }
        multiply_group<Kind>(reinterpret_cast<const word *>(scratch.slopes.data()),
                             padded / depth, padded / depth, scratch.key_rows.data(), head, first,
                             scratch.scores.data(), result);
    }
    auto multiply_turned = [&](const auto &matrix, const auto &columns, auto *place)
                               REIDENT_TARGET {
        turn<Kind>(matrix.data(), head, scratch.turned.data());
        for (int64_t first = 0; first < head.tokens; first += group_rows) {
            multiply_group<Kind>(scratch.turned.data(), head.deep / depth, head.deep / depth,
                                 columns.data(), head, first, scratch.scores.data(), place);
        }
    };
    multiply_turned(scratch.slopes, scratch.query_rows, result + head.embedding);
    multiply_turned(scratch.weights, scratch.gradient_rows, result + 2 * head.embedding);
}

template <typename Kind>
at::Tensor differentiated(const at::Tensor &qkv, const at::Tensor &gradient, int64_t heads,
                          const std::vector<Span> &images) {
    using number = typename Kind::number;
    int64_t embedding = qkv.size(2) / 3;
    auto head_of = [&](int64_t tokens) {
        constexpr int64_t step = Kind::depth * lanes;
        return Head{tokens, embedding / heads, embedding, (tokens + lanes - 1) / lanes * lanes,
                    (tokens + step - 1) / step * step, 3 * embedding, embedding};
    };
    auto result = at::empty_like(qkv);
    const auto *from = static_cast<const number *>(qkv.const_data_ptr());
    const auto *slopes = static_cast<const number *>(gradient.const_data_ptr());
    auto *to = static_cast<number *>(result.mutable_data_ptr());
    int64_t longest = longest_of(images);
    over_heads(images, heads, [&](auto &&each) {
        Scratch<Kind> scratch(head_of(longest));
        each([&](const Span &image, int64_t place) {
            auto head = head_of(image.tokens);
            int64_t start = image.start * embedding, shift = place * head.width;
            differentiate<Kind>(from + 3 * start + shift, slopes + start + shift, head,
                                to + 3 * start + shift, scratch);
        });
    });
    return result;
}

#else

struct Single {};
struct Half {};

template <typename Kind>
at::Tensor differentiated(const at::Tensor &qkv, const at::Tensor &, int64_t,
                          const std::vector<Span> &) {
    TORCH_CHECK(false, "this processor has no attention of its own for ", qkv.sizes());
}

#endif

struct Attention : torch::autograd::Function<Attention> {
    static Variable forward(AutogradContext *context, const Variable &input, int64_t heads,
                            const std::vector<Span> &images) {
        auto qkv = input.contiguous();
        context->save_for_backward({qkv});
        context->saved_data["heads"] = heads;
        std::vector<int64_t> tokens;
        for (const auto &image : images) tokens.push_back(image.tokens);
        context->saved_data["tokens"] = tokens;
        return own_attention(qkv, heads, images);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto qkv = context->get_saved_variables()[0];
        auto gradient = gradients[0].to(qkv.scalar_type()).contiguous();
        int64_t heads = context->saved_data["heads"].toInt(), start = 0;
        std::vector<Span> images;
        for (int64_t tokens : context->saved_data["tokens"].toIntVector()) {
            images.push_back({start, tokens});
            start += tokens;
        }
        auto run = qkv.scalar_type() == at::kFloat ? differentiated<Single> : differentiated<Half>;
        return {run(qkv, gradient, heads, images), Variable(), Variable()};
    }
};

}  // namespace

at::Tensor trained_attention(const at::Tensor &qkv, int64_t heads,
                             const std::vector<Span> &images) {
    return Attention::apply(qkv, heads, images);
}

}  // namespace reident
