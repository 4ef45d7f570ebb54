// Leagues: who plays.
//
// SPDX-License-Identifier: MIT

import Testing

@testable import ReIdentRendering
