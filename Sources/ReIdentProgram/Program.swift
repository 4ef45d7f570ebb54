// The program `reident`. Everything it does is in ReIdentCommands.
//
// SPDX-License-Identifier: MIT

import ReIdentCommands

@main
struct Program {
    static func main() async { await CommandLineProgram.main() }
}
