/* libwebp, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <webp/decode.h>
