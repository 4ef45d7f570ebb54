// The frame of every page that the product writes: one file, offline, light and dark, printable.
//
// SPDX-License-Identifier: MIT

/// A page of HTML that needs nothing from the network.
public struct Page: Sendable {
    /// Title in the browser's tab and at the page's head.
    public let title: String
    /// What stands under the title, as HTML.
    public let body: String
    /// Seconds after which a browser loads the page again, while what it shows is growing.
    public let refreshInterval: Int?

    /// Creates a page.
    ///
    /// - Parameters:
    ///   - title: Title in the tab and at the head, as text.
    ///   - body: What stands under it, as HTML.
    ///   - refreshInterval: Seconds after which a browser loads the page again; nil for never.
    public init(title: String, body: String, refreshInterval: Int? = nil) {
        (self.title, self.body, self.refreshInterval) = (title, body, refreshInterval)
    }

    /// The whole page.
    public var html: String {
        let refresh = refreshInterval.map {
            "<meta http-equiv=\"refresh\" content=\"\($0)\">\n"
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            \(refresh ?? "")<link rel="icon" href="data:,">
            <title>\(title.escapedForHTML)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <main>
            <h1>\(title.escapedForHTML)</h1>
            \(body)
            </main>
            </body>
            </html>

            """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1b2027; --soft: #525c69; --line: #d3d9e1;
          --ground: #ffffff; --link: #0b57b0; --panel: #f5f7fa;
          \(PlotStyle.variables(PlotStyle.light)) }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a9b3c0;
          --line: #3a434f; --ground: #14181d; --link: #8ab8ff; --panel: #1d232a;
          \(PlotStyle.variables(PlotStyle.dark)) } }
        @media print { :root { color-scheme: light; --ink: #000; --soft: #333; --line: #bbb;
          --ground: #fff; --panel: #fff; \(PlotStyle.variables(PlotStyle.light)) } }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 1400px; margin: 0 auto; padding: 24px; }
        h1 { font-size: 26px; margin: 0 0 8px; } h2 { font-size: 20px; margin: 32px 0 12px; }
        p { max-width: 46em; color: var(--soft); } p b { color: var(--ink); }
        a { color: var(--link); }
        table { border-collapse: collapse; margin: 12px 0; }
        th, td { padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); text-align: right;
          font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--soft); padding-bottom: 4px; }
        th[scope="row"], th:first-child, .text { text-align: left; }
        .text { overflow-wrap: anywhere; }
        img { max-width: 100%; height: auto; display: block; border-radius: 6px; }
        figure { margin: 0; } .plots { display: grid; gap: 20px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }
        .plot { width: 100%; height: auto; background: var(--panel); border-radius: 8px; }
        @media screen and (max-width: 640px) { main { padding: 16px; }
          figure { overflow-x: auto; } .plot { min-width: 480px; } figure img { width: 760px;
          max-width: none; } }
        summary { cursor: pointer; color: var(--link); margin-top: 10px; }
        \(PlotStyle.rules)
        @media print { h2, caption, p { break-after: avoid; }
          figure, img, p, table, tr { break-inside: avoid; } main { padding: 0; }
          .plots { grid-template-columns: 1fr 1fr; gap: 8px; }
          img { max-height: 80vh; width: auto; } }
        """
}
