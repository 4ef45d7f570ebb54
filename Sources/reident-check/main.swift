// reident-check: prints where the project breaks its own rules. Run by `make check`.
// Usage: reident-check FOLDER
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentChecks

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 1, let folder = arguments.first, !folder.hasPrefix("-") else {
    FileHandle.standardError.write(Data("usage: reident-check FOLDER\n".utf8))
    exit(64)
}
let files = ProjectFile.all(in: URL(filePath: folder))
let found = violations(in: files)
for violation in found { print(violation) }
print("reident-check: \(files.count) files, \(found.count) broken rules")
exit(found.isEmpty ? 0 : 1)
