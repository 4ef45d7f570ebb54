// Where the memory of tensors on the processor comes from.
//
// SPDX-License-Identifier: MIT
#pragma once

namespace reident {

/// Lets the memory of large tensors that are freed serve the next ones; once, before any tensor.
void reuse_host_memory();

}  // namespace reident
