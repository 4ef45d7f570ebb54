// The version that `reident --version` prints.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP

/// The program's version.
enum ProgramVersion {
    /// For example `reident 0.1`; packages say by it who wrote them.
    static let text = Provenance.currentWriter
}
