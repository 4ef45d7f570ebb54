/* OpenSSL libcrypto: only its message digests are used. */
#include <openssl/evp.h>
