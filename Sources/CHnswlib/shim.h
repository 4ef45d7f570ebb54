/* hnswlib, which is headers of C++ alone and has no pkg-config file: `make setup` looks for the one
   that is included here. Homebrew keeps it where compilers do not look, so there it is linked to.

   SPDX-License-Identifier: MIT */

#if __has_include(<hnswlib/hnswlib.h>)
#include <hnswlib/hnswlib.h>
#elif __has_include("../../.deps/include/hnswlib/hnswlib.h")
#include "../../.deps/include/hnswlib/hnswlib.h"
#else
#error "hnswlib is not here. Run `make setup`, which installs libhnswlib-dev (Homebrew: hnswlib)."
#endif
