// What pages are made of: tables, plots side by side, pictures with their words.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentImages

/// A picture that stands in a page.
public struct PagePicture: Sendable {
    /// The picture.
    public let image: Image
    /// Its heading.
    public let title: String
    /// What it shows, for whoever does not see it.
    public let summary: String

    /// A picture with its words.
    public init(image: Image, title: String, summary: String) {
        (self.image, self.title, self.summary) = (image, title, summary)
    }
}

extension Page {
    /// A table as HTML; the first column names its rows.
    ///
    /// - Parameters:
    ///   - heads: What the columns are.
    ///   - rows: Texts, as many a row as there are columns.
    ///   - caption: What the table shows.
    ///   - isText: Whether cells are sentences, which begin at the left.
    /// - Returns: The element.
    static func table(
        _ heads: [String], _ rows: [[String]], caption: String? = nil, isText: Bool = false
    ) -> String {
        let side = isText ? " class=\"text\"" : ""
        let head = heads.map { "<th scope=\"col\"\(side)>\($0.escapedForHTML)</th>" }.joined()
        let lines = rows.map { row in
            "<tr><th scope=\"row\">\((row.first ?? "").escapedForHTML)</th>"
                + row.dropFirst().map { "<td\(side)>\($0.escapedForHTML)</td>" }.joined() + "</tr>"
        }
        return """
            <table>
            \(caption.map { "<caption>\($0.escapedForHTML)</caption>" } ?? "")
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(lines.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    /// The tag of a figure: in narrow windows it is moved sideways, with the keyboard, too.
    static let figure = "<figure tabindex=\"0\">"

    /// Plots as HTML, side by side where there is room.
    static func plots(_ plots: [Plot]) -> String {
        guard !plots.isEmpty else { return "" }
        return """
            <div class="plots">
            \(plots.map { "\(figure)\($0.svg())</figure>" }.joined(separator: "\n"))
            </div>
            """
    }

    /// A section with a picture, which is part of the page.
    ///
    /// - Throws: `ImageError` if the picture cannot be encoded.
    static func section(_ picture: PagePicture) throws -> String {
        let bytes = Data(try ImageEncoder.png(picture.image)).base64EncodedString()
        return """
            <section>
            <h2>\(picture.title.escapedForHTML)</h2>
            <p>\(picture.summary.escapedForHTML)</p>
            \(figure)<img src="data:image/png;base64,\(bytes)" width="\(picture.image.width)" \
            height="\(picture.image.height)" alt="\(picture.summary.escapedForHTML)"></figure>
            </section>
            """
    }
}
