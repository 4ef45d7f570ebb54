// Data sets that their owners publish: what `data fetch` fetches.
//
// Facts of DeepSportradar/player-reidentification-challenge: the data are one zip in the
// repository; its MD5 is in reid/datasets/synergyreid.py of the same commit.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
import ReIdentFoundation

/// A data set that can be fetched.
public struct PublishedDataset: Sendable, Equatable {
    /// What `data fetch` calls it.
    public let name: String
    /// What it is.
    public let title: String
    /// Where its owner tells of it and of its licence.
    public let page: String
    /// The file itself.
    public let address: String
    /// What the file is called here.
    public let fileName: String
    /// The checksum that is published with it.
    public let digest: PublishedDigest

    /// Everything that can be fetched by name.
    public static let known = [
        synergyReID(
            2022, commit: "a55d3df8fd2f69cb485c97fb739b30d1ba1b9495",
            digest: "05715857791e2e88b2f11e4037fbec7d"),
        synergyReID(
            2023, commit: "625e15ca398672cf8fa34e4c88b9f636380186ac",
            digest: "2a1cdbd10d2b8f0da6575e3581343e31"),
    ]

    /// The data set of a name, in capitals or not.
    ///
    /// - Throws: `DataError` of kind `usage` that lists the names.
    public static func named(_ name: String) throws(DataError) -> PublishedDataset {
        if let found = known.first(where: { $0.name == name.lowercased() }) { return found }
        let names = known.map(\.name).joined(separator: ", ")
        throw DataError(
            kind: .usage, "No data set '\(name)' can be fetched by name. There are: \(names).")
    }

    private static func synergyReID(
        _ edition: Int, commit: String, digest: String
    ) -> PublishedDataset {
        let repository = "DeepSportradar/player-reidentification-challenge"
        return PublishedDataset(
            name: "synergyreid-\(edition)", title: "SynergyReID, the challenge of \(edition)",
            page: "https://github.com/\(repository)",
            address: "https://raw.githubusercontent.com/\(repository)/\(commit)"
                + "/baseline/data/synergyreid/raw/synergyreid_data.zip",
            fileName: "synergyreid-\(edition).zip", digest: PublishedDigest(.md5, digest))
    }
}
