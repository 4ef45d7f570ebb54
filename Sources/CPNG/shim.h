/* libpng, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <png.h>
