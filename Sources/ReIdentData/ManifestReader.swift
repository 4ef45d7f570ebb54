// Reads data sets described by a manifest.csv, the form that the package itself writes.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads `manifest.csv`: columns path, identity, camera, split, role, and optional number, caption,
/// others, number_box.
enum ManifestReader {
    private static let needed = ["path", "identity", "camera", "split", "role"]
    private static let optional = ["number"] + ManifestWriter.Extra.allCases.map(\.rawValue)

    static func read(into draft: inout DatasetDraft) throws(DataError) {
        let source = draft.files.source(of: DatasetFormat.manifestName)
        let table = try DataError.carrying { () throws(FileError) in
            let bytes = try source.read()
            let table = try bytes.withUnsafeBytes { raw in
                Result { () throws(FileError) in
                    try CSVTable(bytes: raw, path: source.description)
                }
            }.get()
            try table.requireColumns(needed, optional: optional)
            return table
        }
        // A file system may spell a name in another Unicode form than the manifest, and only its
        // own spelling opens the file.
        let known = Dictionary(
            (draft.files.images + draft.files.others).map { ($0, $0) }, uniquingKeysWith: { $1 })
        var lines: [String: Int] = [:]
        for row in table.rows {
            let image = try self.image(of: row, in: table, known: known, files: draft.files)
            if let first = lines.updateValue(row.line, forKey: image.path) {
                throw fault(table, row, "the path '\(image.path)' was on line \(first) already.")
            }
            draft.images.append(image)
        }
        draft.skip(
            draft.files.images.filter { lines[$0] == nil }, "not named in manifest.csv")
        for split in [Split.test, .challenge] { completeRoles(of: split, in: &draft) }
    }

    private static func image(
        of row: CSVTable.Row, in table: CSVTable, known: [String: String], files: DatasetFiles
    ) throws(DataError) -> PlayerImage {
        func field(_ name: String) -> String? {
            table.column(name).map { row.fields[$0] }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let path = field("path") ?? ""
        guard let inside = relativePath(path) else {
            throw fault(
                table, row,
                path.isEmpty
                    ? "the path is empty."
                    : "the path '\(path)' leads out of the folder; give paths relative to it.")
        }
        guard let spelled = known[inside] else {
            throw fault(table, row, "there is no file '\(path)' beside the manifest.")
        }
        guard let split = field("split").flatMap(Split.init) else {
            throw fault(
                table, row,
                "the split is '\(field("split") ?? "")'; it must be train, test or challenge.")
        }
        let role = field("role").flatMap(Role.init)
        if let text = field("role"), role == nil {
            throw fault(table, row, "the role is '\(text)'; it must be query, gallery or empty.")
        }
        let identity = field("identity")
        guard identity != nil || split == .challenge else {
            throw fault(
                table, row, "the identity is empty; only the challenge part may leave it open.")
        }
        let others = field("others").flatMap(Double.init)
        if let text = field("others"), !(0...1).contains(others ?? -1) {
            throw fault(
                table, row,
                "others is '\(text)'; it must be the share of the picture that "
                    + "shows other players, 0 to 1, or empty.")
        }
        let numberBox = field("number_box").flatMap(FrameBox.Area.init(text:))
        if let text = field("number_box"), numberBox == nil {
            throw fault(
                table, row,
                "number_box is '\(text)'; it must be left, top, width and height of the number "
                    + "in pixels, with spaces between them, or empty.")
        }
        return PlayerImage(
            path: spelled, source: files.source(of: spelled),
            identity: identity ?? fileStem(spelled), camera: field("camera"), split: split,
            role: split == .train ? nil : role, number: field("number"),
            caption: field("caption"), others: others, numberBox: numberBox,
            isLabelled: identity != nil)
    }

    /// Settles the roles of images that the manifest gives none.
    private static func completeRoles(of split: Split, in draft: inout DatasetDraft) {
        let part = draft.images.filter { $0.split == split }
        let open = part.filter { $0.role == nil }
        guard !open.isEmpty else { return }
        if open.count == part.count {
            draft.assignRoles(in: split)
            draft.notes.append(
                "No image of the part '\(split.rawValue)' has a role: the first of each player"
                    + (part.contains { $0.camera != nil } ? " and camera" : "")
                    + " is a query, the others are the gallery.")
        } else {
            draft.images.removeAll { $0.split == split && $0.role == nil }
            draft.skip(
                open.map(\.path), "in the part '\(split.rawValue)' without the role others have")
        }
    }

    /// The path without `.` steps, or nil if it is empty, absolute or climbs out by `..`.
    static func relativePath(_ path: String) -> String? {
        guard !path.hasPrefix("/") else { return nil }
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step == ".." { return nil }
            steps.append(step)
        }
        return steps.isEmpty ? nil : steps.joined(separator: "/")
    }

    private static func fault(
        _ table: CSVTable, _ row: CSVTable.Row, _ problem: String
    ) -> DataError {
        .badData("\(table.path): line \(row.line): \(problem)")
    }
}

/// The name of a file without folders and ending.
func fileStem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? String(name)
}
