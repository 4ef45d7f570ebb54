/* zlib, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <zlib.h>
