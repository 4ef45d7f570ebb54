/* OpenSSL libcrypto: only its message digests are used.
 *
 * SPDX-License-Identifier: MIT
 */
#include <openssl/evp.h>
