// Whether a model is judged by what it was trained on: by players' names and by the pictures
// themselves.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
public import ReIdentData
import ReIdentImages

/// What of a list of images a model was trained on, as far as its package can tell.
public struct TrainedImages: Sendable, Equatable {
    /// Different players among the images.
    public let players: Int
    /// Players who are called like players of the training.
    public let knownPlayers: Int
    /// The images.
    public let images: Int
    /// Images that look like copies of crops of the training.
    public let copies: Int

    /// Compares images with what a package says of its training.
    ///
    /// Pictures are decoded only if the package has fingerprints of its crops; one that cannot be
    /// read counts as no copy.
    public init(_ images: [PlayerImage], settings: PackageSettings) {
        let names = Set(images.map(\.identity))
        players = names.count
        knownPlayers = names.count(where: settings.wasTrained)
        self.images = images.count
        guard !settings.trainedCrops.isEmpty else {
            copies = 0
            return
        }
        let seen = ImageSource.seen(images.map { ImageSource($0.source) }) { image in
            let fingerprint = PictureFingerprint(image)
            return settings.trainedCrops.contains { $0.containsCopy(of: fingerprint) }
        }
        copies = seen.count { (try? $0.get()) == true }
    }
}
