// Text that stands in HTML and SVG.
//
// SPDX-License-Identifier: MIT

extension String {
    /// The text with the characters that HTML gives a meaning replaced, for content and attributes.
    public var escapedForHTML: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
