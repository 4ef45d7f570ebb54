/* libcurl, as a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include <curl/curl.h>
