/* SwiftPM needs one source file; the engine itself is built from engine/ by `make setup`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "reident_engine.h"
