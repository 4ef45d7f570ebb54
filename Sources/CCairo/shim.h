/* Cairo, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <cairo.h>
