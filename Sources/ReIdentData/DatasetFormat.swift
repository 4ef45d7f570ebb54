// The layouts of data sets that are understood, and how one is recognised by its contents.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A layout of a data set.
public enum DatasetFormat: String, Sendable, CaseIterable, Codable {
    /// A `manifest.csv` that names every image.
    case manifest
    /// SynergyReID, the basketball data of the DeepSportradar challenges of 2022 and 2023.
    case synergyReID
    /// Market-1501, and other data in its form.
    case market1501
    /// One folder a player.
    case folderPerPlayer

    /// The layout's name for people.
    public var label: String {
        switch self {
        case .manifest: "manifest.csv"
        case .synergyReID: "SynergyReID"
        case .market1501: "Market-1501"
        case .folderPerPlayer: "one folder a player"
        }
    }

    static let manifestName = "manifest.csv"
    static let synergyFolders = ["reid_training/", "reid_test/", "reid_challenge/"]
    static let marketFolders = ["bounding_box_train/", "bounding_box_test/"]
    static let layoutFolders = Set(synergyFolders + marketFolders + ["query/"])

    /// Names of folders that tell parts of a data set apart and are nobody's name.
    private static let partNames: Set<String> = [
        "train", "training", "test", "testing", "val", "valid", "validation", "query", "gallery",
        "challenge", "images", "image", "labels", "data", "probe",
    ]

    /// Recognises the layout of files.
    ///
    /// - Throws: `DataError` of kind `badData` that lists the layouts and what was found, if none
    ///   or more than one is there.
    static func recognised(in files: DatasetFiles) throws(DataError) -> DatasetFormat {
        if files.others.contains(manifestName) { return .manifest }
        let folders = Set(files.images.compactMap(DatasetFiles.firstFolder))
        let isSynergy = synergyFolders.contains(where: folders.contains)
        let isMarket = marketFolders.contains(where: folders.contains)
        switch (isSynergy, isMarket) {
        case (true, true):
            throw unrecognised(files, because: "holds both SynergyReID and Market-1501 folders")
        case (true, false): return .synergyReID
        case (false, true): return .market1501
        case (false, false): break
        }
        let players = folders.filter { !partNames.contains($0.dropLast().lowercased()) }
        guard players.count >= 2, players.count == folders.count else {
            let reason =
                files.images.isEmpty ? "holds no images" : "has none of the layouts that are known"
            throw unrecognised(files, because: reason)
        }
        return .folderPerPlayer
    }

    private static func unrecognised(_ files: DatasetFiles, because reason: String) -> DataError {
        let found = files.topLevel
        var text = "\(files.root): \(reason). A data set is one of: a folder with 'manifest.csv' "
        text += "(columns path, identity, camera, split, role); SynergyReID ('reid_training/', "
        text += "'reid_test/', 'reid_challenge/'); Market-1501 ('bounding_box_train/', 'query/', "
        text += "'bounding_box_test/'); one folder a player, at least two. "
        text += found.isEmpty ? "It is empty." : "Found: \(someNames(found, atMost: 6))."
        let known = layoutFolders.union([manifestName])
        for path in files.images + files.others {
            // A user often names the folder around the data set.
            guard let folder = DatasetFiles.firstFolder(of: path) else { continue }
            let rest = String(path.dropFirst(folder.count))
            if known.contains(DatasetFiles.firstFolder(of: rest) ?? rest) {
                text += " Name the folder '\(folder.dropLast())' inside it instead."
                break
            }
        }
        return .badData(text)
    }
}
