// The queries and the gallery of one evaluation, with labels in the form that scores are computed
// from.
//
// SPDX-License-Identifier: MIT

/// Queries and the gallery they are searched in.
public struct Retrieval: Sendable {
    /// The images that are searched for, Q of them.
    public let queries: [PlayerImage]
    /// The images that are searched in, G of them, distractors included.
    public let gallery: [PlayerImage]

    /// Creates a retrieval.
    public init(queries: [PlayerImage], gallery: [PlayerImage]) {
        self.queries = queries
        self.gallery = gallery
    }

    /// Whether it is known who is on every query and on every gallery image.
    public var isLabelled: Bool { (queries + gallery).allSatisfy(\.isLabelled) }

    /// Whether any query shows a player of the gallery, whatever the camera.
    public var hasMatch: Bool {
        let known = Set(galleryIdentities.compactMap { $0 })
        return queries.contains { known.contains($0.identity) }
    }

    /// Who is on each query, count Q.
    public var queryIdentities: [String] { queries.map(\.identity) }

    /// Who is on each gallery image, count G; nil for a distractor, which matches nobody.
    public var galleryIdentities: [String?] {
        gallery.map { $0.isDistractor ? nil : $0.identity }
    }

    /// The camera of each query, count Q; nil if no image has one.
    public var queryCameras: [String]? { hasCameras ? Self.cameras(of: queries) : nil }

    /// The camera of each gallery image, count G; nil if no image has one.
    public var galleryCameras: [String]? { hasCameras ? Self.cameras(of: gallery) : nil }

    private var hasCameras: Bool { (queries + gallery).contains { $0.camera != nil } }

    /// Cameras by name; an image whose camera is not known has one of its own, so that it is never
    /// left out of a gallery.
    private static func cameras(of images: [PlayerImage]) -> [String] {
        images.map { $0.camera ?? "\u{0}only \($0.path)" }
    }
}
