/* The boundary between ReIdent's Swift code and its engine, a small C++ library over LibTorch.
 *
 * The engine exports one function, reident_engine_functions(), which returns a table of the
 * functions below. Swift opens the library at run time, so nothing here is linked.
 *
 * Rules of the boundary:
 *   - A function that can fail returns a re_status. On failure no result pointer is written and
 *     last_error() tells why, for the calling thread, until its next failure.
 *   - A re_tensor that is handed out belongs to the caller, who gives it back with release().
 *   - No C++ exception and no LibTorch type crosses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REIDENT_ENGINE_H
#define REIDENT_ENGINE_H

#include <stdint.h>

/* Raised with every change of the table: a library of another version is refused. */
#define REIDENT_ENGINE_VERSION 10

/* Largest number of dimensions of a tensor that crosses the boundary. */
#define RE_MAXIMUM_RANK 8

/* One LibTorch tensor. */
typedef struct re_tensor re_tensor;

typedef enum re_status {
    RE_OK = 0,
    RE_ENGINE = 1, /* LibTorch refused or failed */
    RE_MEMORY = 2, /* host or device memory is exhausted */
    RE_DEVICE = 3  /* the device does not exist here */
} re_status;

typedef enum re_dtype {
    RE_FLOAT32 = 0,
    RE_BFLOAT16 = 1,
    RE_FLOAT16 = 2,
    RE_UINT8 = 3,
    RE_INT64 = 4
} re_dtype;

typedef enum re_device { RE_CPU = 0, RE_CUDA = 1, RE_MPS = 2 } re_device;

typedef enum re_activation {
    RE_NO_ACTIVATION = 0,
    RE_GELU = 1, /* x * Phi(x), by the error function */
    RE_SWISH = 2 /* x * sigmoid(x) */
} re_activation;

/* How 8-bit integers are multiplied, from any processor's way to the widest. */
typedef enum re_int8_kernel {
    RE_INT8_PLAIN = 0,
    RE_INT8_AVX2 = 1,  /* widened to 16 bits */
    RE_INT8_AVX512 = 2 /* sums of four products, VNNI */
} re_int8_kernel;

typedef struct re_description {
    re_dtype dtype;
    re_device device;
    int32_t device_index;
    int32_t rank;
    int64_t shape[RE_MAXIMUM_RANK];
} re_description;

/* Computes *output from input inside re_functions.checkpoint; input belongs to the body, output to
 * the engine. Returns 0 on success. */
typedef int32_t (*re_checkpoint_body)(void *context, re_tensor *input, re_tensor **output);
/* Called once, when the context of a checkpoint is no longer needed. */
typedef void (*re_checkpoint_release)(void *context);

typedef struct re_functions {
    uint32_t version; /* REIDENT_ENGINE_VERSION of the library */
    uint32_t size;    /* sizeof(re_functions) of the library */

    /* --- the engine itself --- */
    const char *(*last_error)(void);
    const char *(*libtorch_version)(void);
    const char *(*processor_capability)(void); /* for example "AVX512" */
    int32_t (*device_count)(re_device device);
    re_status (*set_threads)(int32_t count);
    int64_t (*live_tensors)(void); /* handles handed out and not released */
    re_status (*synchronize)(re_device device, int32_t index);

    /* --- tensors and host memory --- */
    re_status (*from_data)(const void *data, re_dtype dtype, const int64_t *shape, int32_t rank,
                           re_device device, int32_t index, re_tensor **result); /* copies */
    re_status (*zeros_like)(const re_tensor *tensor, re_tensor **result);
    re_status (*copy_out)(const re_tensor *tensor, re_dtype dtype, void *data, int64_t byte_count);
    re_status (*copy_into)(re_tensor *destination, const re_tensor *source); /* in place */
    re_status (*describe)(const re_tensor *tensor, re_description *description);
    re_status (*to)(const re_tensor *tensor, re_dtype dtype, re_device device, int32_t index,
                    re_tensor **result);
    void (*release)(re_tensor *tensor);

    /* --- shapes --- */
    re_status (*reshape)(const re_tensor *tensor, const int64_t *shape, int32_t rank,
                         re_tensor **result);
    re_status (*permute)(const re_tensor *tensor, const int64_t *order, int32_t rank,
                         re_tensor **result);
    re_status (*narrow)(const re_tensor *tensor, int64_t dimension, int64_t start, int64_t length,
                        re_tensor **result);
    re_status (*concatenate)(re_tensor *const *tensors, int32_t count, int64_t dimension,
                             re_tensor **result);
    re_status (*expand)(const re_tensor *tensor, const int64_t *shape, int32_t rank,
                        re_tensor **result);
    re_status (*flip)(const re_tensor *tensor, int64_t dimension, re_tensor **result);

    /* --- arithmetic --- */
    re_status (*add)(const re_tensor *lhs, const re_tensor *rhs, re_tensor **result);
    re_status (*multiply)(const re_tensor *lhs, const re_tensor *rhs, re_tensor **result);
    re_status (*scale)(const re_tensor *tensor, double factor, re_tensor **result);
    re_status (*exponential)(const re_tensor *tensor, re_tensor **result);
    re_status (*sum)(const re_tensor *tensor, re_tensor **result); /* of all elements */
    re_status (*matmul)(const re_tensor *lhs, const re_tensor *rhs, re_tensor **result);
    re_status (*l2_normalize)(const re_tensor *tensor, re_tensor **result); /* last dimension */
    re_status (*top_k)(const re_tensor *tensor, int64_t count, re_tensor **values,
                       re_tensor **indices); /* largest of the last dimension, sorted */

    /* --- layers --- */
    /* x [.., K], weight [N, K], bias [N] or null -> [.., N], computed in compute_dtype; residual
     * [.., N] or null is added, and the result has its type then. */
    re_status (*linear)(const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                        const re_tensor *residual, re_dtype compute_dtype, re_tensor **result);
    /* A weight [N, K] laid out once for linear_packed over about `rows` rows. */
    re_status (*pack_weight)(const re_tensor *weight, int64_t rows, re_tensor **result);
    /* As linear, without gradients, on a packed weight: activation(x * W^T + b) + residual. */
    re_status (*linear_packed)(const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                               re_activation activation, const re_tensor *residual,
                               re_tensor **result);
    /* A weight [N, K] in 8-bit integers, laid out for linear_int8, and its scales [2, N]. */
    re_status (*quantize_weight)(const re_tensor *weight, re_tensor **packed, re_tensor **scales);
    /* As linear_packed in 8-bit integers, x in fp32 or bf16 on the processor; each row of x gets a
     * scale of its own. The widest kernel up to `widest` that the processor has computes it. */
    re_status (*linear_int8)(const re_tensor *x, const re_tensor *packed, const re_tensor *scales,
                             const re_tensor *bias, re_activation activation,
                             const re_tensor *residual, re_int8_kernel widest,
                             re_tensor **result);
    re_status (*layer_norm)(const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                            double epsilon, re_dtype dtype,
                            re_tensor **result); /* over the last dimension, result of dtype */
    re_status (*gelu)(const re_tensor *x, re_tensor **result);
    /* v * sigmoid(1.702 v) of v = x + bias, x [.., N], bias [N] */
    re_status (*quick_gelu)(const re_tensor *x, const re_tensor *bias, re_tensor **result);
    /* residual + h * second_weight^T + second_bias with h = quick_gelu(x * first_weight^T,
     * first_bias): x [.., K], weights [H, K] and [N, H], residual and result [.., N]; products
     * computed in compute_dtype. */
    re_status (*perceptron)(const re_tensor *x, const re_tensor *first_weight,
                            const re_tensor *first_bias, const re_tensor *second_weight,
                            const re_tensor *second_bias, const re_tensor *residual,
                            re_dtype compute_dtype, re_tensor **result);
    /* Queries, keys and values side by side, [N, T, 3E] -> [N, T, E]; if causal, no token looks at
     * those behind it. `plainly` takes LibTorch's operator where the engine has its own. */
    re_status (*attention)(const re_tensor *qkv, int64_t heads, int32_t causal, int32_t plainly,
                           re_tensor **result);
    /* The same without mask within each of `count` images, whose tokens lie one behind the other in
     * [N, T, 3E]. */
    re_status (*attention_within)(const re_tensor *qkv, const int64_t *tokens, int32_t count,
                                  int64_t heads, int32_t plainly, re_tensor **result);
    /* Rows of a matrix [V, E] by int64 indices [..] -> [.., E]. */
    re_status (*rows)(const re_tensor *matrix, const re_tensor *indices, re_tensor **result);
    /* Bytes [N, H, W, C] -> (bytes / 255 - mean) / deviation, float [N, C, H, W]. */
    re_status (*normalize_pixels)(const re_tensor *pixels, const float *mean,
                                  const float *deviation, re_tensor **result);
    /* [N, C, H, W] -> [N, H/P * W/P, C * P * P], patches row by row. */
    re_status (*patches)(const re_tensor *pixels, int64_t patch_size, re_tensor **result);
    /* Mean over the rows of logits [B, B]; row i belongs to class i. */
    re_status (*diagonal_cross_entropy)(const re_tensor *logits, double label_smoothing,
                                        re_tensor **result);

    /* --- layers of convolutional encoders --- */
    /* x [N, C, H, W], weight [O, C / groups, K, K], bias [O] or null -> [N, O, H', W'], computed in
     * compute_dtype; padded with zeros on every side. */
    re_status (*convolution)(const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                             int64_t stride, int64_t padding, int64_t groups,
                             re_dtype compute_dtype, re_tensor **result);
    /* A convolution's weight laid out once for convolution_packed with the same numbers. */
    re_status (*pack_convolution)(const re_tensor *weight, int64_t stride, int64_t padding,
                                  int64_t groups, re_tensor **result);
    /* As convolution, without gradients, on a packed weight: y + residual, then max(0, y) if
     * rectified; residual may be null. */
    re_status (*convolution_packed)(const re_tensor *x, const re_tensor *weight,
                                    const re_tensor *bias, int64_t stride, int64_t padding,
                                    int64_t groups, int32_t rectified, const re_tensor *residual,
                                    re_tensor **result);
    /* The weight and bias of a convolution that does what it and the batch norm behind it do. */
    re_status (*fold_batch_norm)(const re_tensor *weight, const re_tensor *gain,
                                 const re_tensor *bias, const re_tensor *mean,
                                 const re_tensor *variance, double epsilon,
                                 re_tensor **folded_weight, re_tensor **folded_bias);
    /* Over all but the channels of [N, C, H, W]. In training with the batch's statistics, and mean
     * and variance move towards them by momentum; otherwise with mean and variance. Then the
     * residual is added, if any, and max(0, y) taken, if rectified. */
    re_status (*batch_norm)(const re_tensor *x, const re_tensor *weight, const re_tensor *bias,
                            re_tensor *mean, re_tensor *variance, int32_t training, double momentum,
                            double epsilon, const re_tensor *residual, int32_t rectified,
                            re_tensor **result);
    re_status (*average_pool)(const re_tensor *x, int64_t size, re_tensor **result); /* size^2 */
    re_status (*mean)(const re_tensor *x, int64_t dimension, re_tensor **result); /* extent 1 */
    /* Queries [N, Q, E] over keys and values [N, T, E] -> [N, Q, E]. */
    re_status (*attention_over)(const re_tensor *queries, const re_tensor *keys,
                                const re_tensor *values, int64_t heads, re_tensor **result);

    /* --- gradients --- */
    void (*set_gradients_enabled)(int32_t enabled); /* of the calling thread */
    int32_t (*gradients_enabled)(void);
    re_status (*set_requires_gradient)(re_tensor *tensor, int32_t required);
    re_status (*backward)(const re_tensor *scalar);
    re_status (*gradient)(const re_tensor *tensor, re_tensor **result); /* null if there is none */
    re_status (*clear_gradient)(re_tensor *tensor);
    /* Runs body without keeping its intermediate results and again in the backward pass. */
    re_status (*checkpoint)(re_checkpoint_body body, re_checkpoint_release release, void *context,
                            const re_tensor *input, re_tensor **result);

    /* --- optimisation --- */
    /* One AdamW step in LibTorch's fused kernel. Tensors without gradient are left alone.
     * step_counts holds one float tensor of one element a parameter. */
    re_status (*adamw_step)(re_tensor *const *parameters, re_tensor *const *first_moments,
                            re_tensor *const *second_moments, re_tensor *const *step_counts,
                            int32_t count, double learning_rate, double beta1, double beta2,
                            double epsilon, double weight_decay);
    /* Scales all gradients so that their joint norm is at most maximum_norm (infinity: only
     * measures). *norm is the norm before. */
    re_status (*clip_gradients)(re_tensor *const *parameters, int32_t count, double maximum_norm,
                                double *norm);
    /* Multiplies all gradients by factor; *found is 1 if one of them is not finite. */
    re_status (*unscale_gradients)(re_tensor *const *parameters, int32_t count, double factor,
                                   int32_t *found);
} re_functions;

/* The one exported symbol: "reident_engine_functions". */
typedef const re_functions *(*re_functions_getter)(void);

#endif
