// The layout of a sheet of search results.
//
// SPDX-License-Identifier: MIT

/// One sheet while it is drawn; units are pixels.
struct RankedSheetDrawing {
    private static let edge = 24.0
    private static let cellWidth = 104.0
    private static let cellGap = 14.0
    /// Between the query and what was found.
    private static let queryGap = 42.0
    private static let pictureHeight = 192.0
    private static let lineHeight = 16.0
    private static let rowGap = 22.0
    private static let frameWidth = 4.0
    private static let badgeRadius = 10.0

    private static let panel = Color(hex: 0xF6F7F9)
    private static let border = Color(hex: 0xB8C0CC)
    private static let field = Color(hex: 0xE3E7ED)
    private static let ink = Color(hex: 0x1B2027)
    private static let softInk = Color(hex: 0x525C69)
    // Told apart by brightness, too; the frames differ in form for whoever sees no colours.
    private static let green = Color(hex: 0x12813F)
    private static let red = Color(hex: 0xC4302B)

    private static let heading = Canvas.TextStyle(size: 20, isBold: true, color: ink)
    private static let subheading = Canvas.TextStyle(size: 13, color: softInk)
    private static let bold = Canvas.TextStyle(size: 13, isBold: true, color: ink)
    private static let plain = Canvas.TextStyle(size: 12, color: softInk)
    /// Words in the place of a picture.
    private static let quoted = Canvas.TextStyle(size: 14, color: ink)
    private static let quotedLineHeight = 19.0
    /// Far more letters than a cell has room for, so that measuring takes no time.
    private static let mostQuotedLetters = 400

    private let sheet: RankedSheet
    private let rows: ArraySlice<RankedSheet.Row>
    /// Lines of text below the pictures, for each row.
    private let lineCounts: [Int]
    private let columns: Int
    private let hasMarks: Bool

    init(_ sheet: RankedSheet) {
        self.sheet = sheet
        rows = sheet.rows.prefix(RankedSheet.mostRows)
        columns = max(1, rows.map { min($0.matches.count, RankedSheet.mostEntries) }.max() ?? 1)
        lineCounts = rows.map { row in
            let shown = row.matches.prefix(RankedSheet.mostEntries)
            return 1 + ([row.query] + shown).reduce(0) { max($0, $1.lines.count) }
        }
        hasMarks = rows.contains { row in
            row.matches.prefix(RankedSheet.mostEntries).contains { $0.mark != .none }
        }
    }

    func image() throws(ImageError) -> Image {
        let content =
            Self.cellWidth + Self.queryGap + Double(columns) * (Self.cellWidth + Self.cellGap)
            - Self.cellGap
        // A sheet of one column still has room for its heading and legend.
        let width = max(2 * Self.edge + content, 520)
        let headerHeight = headerHeight(width: width)
        let height =
            headerHeight + lineCounts.reduce(0) { $0 + rowHeight(lines: $1) } + Self.edge
        let canvas = try Canvas(width: Int(width), height: Int(height.rounded(.up)))
        canvas.paint(Self.panel)
        drawHeader(canvas, width: width)
        var top = headerHeight
        for (row, lines) in zip(rows, lineCounts) {
            if top > headerHeight { drawRule(canvas, at: top - Self.rowGap / 2, width: width) }
            try draw(row, on: canvas, top: top)
            top += rowHeight(lines: lines)
        }
        let whole = Rectangle(
            left: 1, top: 1, width: Double(canvas.width) - 2, height: Double(canvas.height) - 2)
        canvas.stroke(Path(whole), Self.border, width: 2)
        return try canvas.image(over: Self.panel)
    }

    // MARK: Heading

    private func headerHeight(width: Double) -> Double {
        Self.edge + 26 + (sheet.subtitle.isEmpty ? 0 : 20) + (hasMarks ? 28 : 0) + 14
    }

    private func drawHeader(_ canvas: Canvas, width: Double) {
        let room = width - 2 * Self.edge
        var line = Self.edge + 18
        canvas.draw(
            canvas.shortened(sheet.title, to: room, Self.heading), at: Point(Self.edge, line),
            Self.heading)
        if !sheet.subtitle.isEmpty {
            line += 22
            canvas.draw(
                canvas.shortened(sheet.subtitle, to: room, Self.subheading),
                at: Point(Self.edge, line), Self.subheading)
        }
        guard hasMarks else { return }
        line += 30
        var left = Self.edge + Self.badgeRadius
        for (mark, text) in [
            (RankedSheet.Mark.right, "the same player"), (.wrong, "another player"),
        ] {
            drawBadge(mark, on: canvas, at: Point(left, line - 5))
            canvas.draw(text, at: Point(left + 16, line), Self.subheading)
            left += 34 + canvas.textWidth(text, Self.subheading)
        }
    }

    private func drawRule(_ canvas: Canvas, at top: Double, width: Double) {
        let line = [Point(Self.edge, top), Point(width - Self.edge, top)]
        canvas.stroke(Path(points: line, isClosed: false), Self.field, width: 1)
    }

    // MARK: Rows

    private func rowHeight(lines: Int) -> Double {
        Self.pictureHeight + 8 + Double(lines) * Self.lineHeight + Self.rowGap
    }

    private func draw(
        _ row: RankedSheet.Row, on canvas: Canvas, top: Double
    ) throws(ImageError) {
        try draw(row.query, on: canvas, left: Self.edge, top: top)
        // An arrow from what was searched for to what was found.
        let start = Self.edge + Self.cellWidth
        let middle = top + Self.pictureHeight / 2
        let tip = start + Self.queryGap - 13
        canvas.stroke(
            Path(points: [Point(start + 13, middle), Point(tip, middle)], isClosed: false),
            Self.softInk, width: 2)
        let head = [Point(tip - 5, middle - 6), Point(tip + 2, middle), Point(tip - 5, middle + 6)]
        canvas.stroke(Path(points: head, isClosed: false), Self.softInk, width: 2)
        var left = start + Self.queryGap
        for entry in row.matches.prefix(RankedSheet.mostEntries) {
            try draw(entry, on: canvas, left: left, top: top)
            left += Self.cellWidth + Self.cellGap
        }
    }

    private func draw(
        _ entry: RankedSheet.Entry, on canvas: Canvas, left: Double, top: Double
    ) throws(ImageError) {
        let cell = Rectangle(
            left: left, top: top, width: Self.cellWidth, height: Self.pictureHeight)
        canvas.fill(Path(cell), Self.field)
        if let image = entry.image {
            let inside = entry.mark == .none ? 0 : Self.frameWidth
            let place = fitted(image, into: cell, inset: inside)
            try canvas.draw(
                image.halved(untilBelow: 2 * max(place.width, place.height)), in: place)
        } else if entry.words.isEmpty {
            canvas.draw(
                canvas.shortened("no picture", to: cell.width, Self.plain), at: cell.center,
                Self.plain, alignment: .center)
        } else {
            draw(words: entry.words, on: canvas, inside: cell)
        }
        drawFrame(entry.mark, on: canvas, around: cell)
        let middle = left + Self.cellWidth / 2
        var line = top + Self.pictureHeight + 18
        canvas.draw(
            canvas.shortened(entry.title, to: Self.cellWidth, Self.bold), at: Point(middle, line),
            Self.bold, alignment: .center)
        for text in entry.lines {
            line += Self.lineHeight
            canvas.draw(
                canvas.shortenedInside(text, to: Self.cellWidth + 6, Self.plain),
                at: Point(middle, line), Self.plain, alignment: .center)
        }
    }

    /// Quoted words in lines around the middle of a cell; an ellipsis where there is no more room.
    private func draw(words: String, on canvas: Canvas, inside cell: Rectangle) {
        let style = Self.quoted
        let room = cell.width - 12
        var lines = [""]
        let quoted = "\u{201C}\(words.prefix(Self.mostQuotedLetters))\u{201D}"
        for word in quoted.split(whereSeparator: \.isWhitespace) {
            let space = lines[lines.count - 1].isEmpty ? "" : " "
            let longer = lines[lines.count - 1] + space + word
            if canvas.textWidth(longer, style) <= room {
                lines[lines.count - 1] = longer
                continue
            }
            if !space.isEmpty { lines.append("") }
            for letter in word {  // a word wider than the cell goes on in the next line
                let longer = "\(lines[lines.count - 1])\(letter)"
                let fits = canvas.textWidth(longer, style) <= room
                if fits { lines[lines.count - 1] = longer } else { lines.append("\(letter)") }
            }
        }
        let most = Int(cell.height / Self.quotedLineHeight) - 1
        if lines.count > most {
            lines.removeSubrange(most...)
            lines[most - 1] += " …"
        }
        // Letters stand on their line; half their height brings the block to the middle.
        var line =
            cell.center.y - Double(lines.count - 1) / 2 * Self.quotedLineHeight + style.size / 3
        for text in lines {
            canvas.draw(
                canvas.shortened(text, to: room, style), at: Point(cell.center.x, line), style,
                alignment: .center)
            line += Self.quotedLineHeight
        }
    }

    private func drawFrame(_ mark: RankedSheet.Mark, on canvas: Canvas, around cell: Rectangle) {
        let half = Self.frameWidth / 2
        let line = Path(
            Rectangle(
                left: cell.left + half, top: cell.top + half, width: cell.width - 2 * half,
                height: cell.height - 2 * half))
        switch mark {
        case .none: return
        case .right: canvas.stroke(line, Self.green, width: Self.frameWidth)
        case .wrong: canvas.stroke(line, Self.red, width: Self.frameWidth, dashes: [9, 5])
        }
        drawBadge(
            mark, on: canvas,
            at: Point(
                cell.left + cell.width - Self.badgeRadius - 2, cell.top + Self.badgeRadius + 2))
    }

    /// A tick or a cross on a disc.
    private func drawBadge(_ mark: RankedSheet.Mark, on canvas: Canvas, at center: Point) {
        guard mark != .none else { return }
        let disc = Path(ellipse: center, Self.badgeRadius, Self.badgeRadius)
        canvas.fill(disc, mark == .right ? Self.green : Self.red)
        canvas.stroke(disc, .white, width: 1.5)
        func stroke(_ points: (Double, Double)...) {
            let path = Path(
                points: points.map { Point(center.x + $0.0, center.y + $0.1) }, isClosed: false)
            canvas.stroke(path, .white, width: 2.4, end: .round)
        }
        if mark == .right {
            stroke((-4.5, 0.2), (-1.2, 3.6), (4.6, -3.6))
        } else {
            stroke((-3.4, -3.4), (3.4, 3.4))
            stroke((-3.4, 3.4), (3.4, -3.4))
        }
    }

    /// Where an image goes: in the middle, as large as fits, its shape kept.
    private func fitted(_ image: Image, into cell: Rectangle, inset: Double) -> Rectangle {
        let (roomWidth, roomHeight) = (cell.width - 2 * inset, cell.height - 2 * inset)
        let factor = min(roomWidth / Double(image.width), roomHeight / Double(image.height))
        // A line of pixels is still seen.
        let width = max(1, Double(image.width) * factor)
        let height = max(1, Double(image.height) * factor)
        return Rectangle(
            left: cell.center.x - width / 2, top: cell.center.y - height / 2, width: width,
            height: height)
    }
}

extension Image {
    /// The image with its sides halved, by means of four pixels, as often as its longer side stays
    /// above a size; so that scaling further needs two neighbours only.
    func halved(untilBelow size: Double) -> Image {
        var image = self
        while Double(max(image.width, image.height)) >= max(size, 2), image.width > 1,
            image.height > 1
        {
            image = image.halved()
        }
        return image
    }

    /// The means of two by two pixels; a last odd row or column is left out.
    private func halved() -> Image {
        let (newWidth, newHeight) = (width / 2, height / 2)
        var result: [UInt8] = []
        result.reserveCapacity(newWidth * newHeight * 3)
        for row in 0..<newHeight {
            for column in 0..<newWidth {
                let first = (2 * row * width + 2 * column) * 3
                let below = first + width * 3
                for place in 0..<3 {
                    let sum =
                        Int(pixels[first + place]) + Int(pixels[first + 3 + place])
                        + Int(pixels[below + place]) + Int(pixels[below + 3 + place])
                    result.append(UInt8((sum + 2) / 4))
                }
            }
        }
        return Image(width: newWidth, height: newHeight, pixels: result)
    }
}
