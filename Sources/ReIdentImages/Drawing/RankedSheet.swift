// A sheet of search results for people: a row a query, with the images that were found beside it.
//
// SPDX-License-Identifier: MIT

/// Queries and what was found for them, ready to be drawn.
///
/// It knows nothing of how the results came about: it is given pictures, texts and marks.
public struct RankedSheet: Sendable {
    /// Whether what was found is what was searched for.
    public enum Mark: Sendable, Equatable {
        /// It is: a whole green frame and a tick.
        case right
        /// It is not: a dashed red frame and a cross.
        case wrong
        /// Nobody knows.
        case none
    }

    /// One picture with its texts.
    public struct Entry: Sendable {
        /// The picture; nil where it cannot be had, which is drawn as a grey field.
        public var image: Image?
        /// Words that stand in the place of a picture; empty for none.
        public var words = ""
        /// The line below the picture, in bold: a rank and a similarity, or what a query is.
        public var title: String
        /// Further lines, shortened to the cell's width: who it is, and what else is worth knowing.
        public var lines: [String]
        /// Whether it is what was searched for.
        public var mark: Mark

        /// A picture with its texts.
        public init(image: Image?, title: String, lines: [String] = [], mark: Mark = .none) {
            self.image = image
            self.title = title
            self.lines = lines
            self.mark = mark
        }

        /// Words in the place of a picture.
        public init(words: String, title: String) {
            self.init(image: nil, title: title)
            self.words = words
        }
    }

    /// A query with what was found, best first.
    public struct Row: Sendable {
        /// What was searched for.
        public var query: Entry
        /// What was found; the first `RankedSheet.mostEntries` are drawn.
        public var matches: [Entry]

        /// A row.
        public init(query: Entry, matches: [Entry]) {
            self.query = query
            self.matches = matches
        }
    }

    /// Rows that a sheet has at most; further ones are not drawn.
    public static let mostRows = 10
    /// Matches that a row has at most; further ones are not drawn.
    public static let mostEntries = 10

    /// The heading.
    public var title: String
    /// A line below the heading; empty for none.
    public var subtitle: String
    /// The rows.
    public var rows: [Row]

    /// A sheet.
    public init(title: String, subtitle: String = "", rows: [Row]) {
        self.title = title
        self.subtitle = subtitle
        self.rows = rows
    }

    /// Draws the sheet: a light panel with dark text and a border, legible on any background.
    ///
    /// - Returns: At most about 1,400 pixels wide and 3,000 high.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public func drawn() throws(ImageError) -> Image {
        try RankedSheetDrawing(self).image()
    }
}
