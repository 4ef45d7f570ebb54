/* libjpeg-turbo: jpeglib.h needs FILE and size_t declared before it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>
