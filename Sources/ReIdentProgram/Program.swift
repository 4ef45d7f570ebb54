// The entry point of `reident`; what it does is in ReIdentCommands.
//
// SPDX-License-Identifier: MIT

@main
struct Program {
    static func main() {}
}
