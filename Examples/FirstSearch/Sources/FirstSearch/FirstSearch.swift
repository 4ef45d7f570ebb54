// Finds the images of a folder that show the same player as a query.
//
//     swift run FirstSearch PACKAGE FOLDER QUERY
//
// SPDX-License-Identifier: MIT

import ReIdent

@main
struct FirstSearch {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else { return print("usage: FirstSearch PACKAGE FOLDER QUERY") }
        let (package, folder, image) = (arguments[1], arguments[2], arguments[3])

        let encoder = try await PlayerEncoder.open(package)
        let gallery = Gallery(try await encoder.embed(paths: [folder]).embeddings)
        let query = try await encoder.embed(paths: [image]).embeddings
        for match in try gallery.matches(of: query, count: 5)[0] {
            print(match.similarity, match.path)
        }
    }
}
