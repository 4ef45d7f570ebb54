// A real browser without a window, Chromium, as far as one is installed: what a page says on its
// console, what it asks of the network, and whether it fits.
//
// SPDX-License-Identifier: MIT

import Foundation
public import Testing

/// Chromium, looked for under its usual names.
public enum Browser {
    /// Why a test without it is skipped.
    public static let reason: Comment = "needs Chromium, which `make browser` installs"

    /// The program; nil where none is found.
    public static let program: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let names = ["chromium", "chromium-browser", "google-chrome"]
        return names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// What became of a page.
    public struct Visit: Sendable {
        /// Lines of the console: errors, warnings and messages.
        public let console: [String]
        /// Addresses that the page asked for beside itself.
        public let requests: [String]
        /// Columns that the page takes, and those of the window.
        public let width: Int
        /// Columns of the window.
        public let windowWidth: Int
    }

    /// Opens a page from a file.
    ///
    /// - Parameters:
    ///   - path: The page; a copy of it is written beside it.
    ///   - width: Columns of the window; Chromium may take more.
    ///   - isDark: Whether the system prefers dark pages.
    /// - Returns: What was seen.
    /// - Throws: The system's error if the browser cannot be started, or `CocoaError` if it left
    ///   no record.
    public static func visit(_ path: String, width: Int, isDark: Bool = false) throws -> Visit {
        let place = try TemporaryFolder()
        // The page says itself how wide it is.
        let measure = """
            <script>addEventListener("load", () => {
            document.body.dataset.width = document.documentElement.scrollWidth;
            document.body.dataset.window = innerWidth; });</script>
            """
        let page = "\(path).measured.html"
        let html = try String(contentsOfFile: path, encoding: .utf8)
        try Data((html + measure).utf8).write(to: URL(filePath: page))
        let run = try BuiltProgram.run(
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
                "--user-data-dir=\(place.file("profile"))", "--log-net-log=\(place.file("net"))",
                "--window-size=\(width),900", "--virtual-time-budget=2000",
                "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom",
                "file://\(page)",
            ], program: program ?? "")
        func number(_ name: String) -> Int {
            run.output.components(separatedBy: "data-\(name)=\"").dropFirst().first
                .flatMap { Int($0.prefix { $0.isNumber }) } ?? -1
        }
        return Visit(
            console: run.errors.split(separator: "\n").map(String.init)
                .filter { $0.contains("CONSOLE") },
            requests: try requests(in: place.file("net")), width: number("width"),
            windowWidth: number("window"))
    }

    /// Addresses of the network that pages asked for, from the browser's record; what it asks for
    /// itself has no page as its origin.
    private static func requests(in record: String) throws -> [String] {
        let data = try Data(contentsOf: URL(filePath: record))
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        let events = object?["events"] as? [[String: Any]] ?? []
        return events.compactMap { event in
            guard let details = event["params"] as? [String: Any],
                let address = details["url"] as? String, address.hasPrefix("http"),
                let origin = details["initiator"] as? String, origin != "not an origin"
            else { return nil }
            return address
        }
    }
}
