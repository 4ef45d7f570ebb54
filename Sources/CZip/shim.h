/* libzip, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <zip.h>
