// Who is on which query and gallery image, and which camera filmed it.
//
// SPDX-License-Identifier: MIT

/// Identities and cameras of the rows and columns of a distance matrix.
///
/// An image of the query's player filmed by the query's camera is left out of that query's gallery.
/// Without cameras nothing is left out, as if every query came from a camera of its own.
public struct RetrievalLabels: Sendable {
    /// The number of queries, Q.
    public var queryCount: Int { queryIdentities.count }

    /// The number of gallery images, G.
    public var galleryCount: Int { galleryIdentities.count }

    /// One number an identity, for the queries.
    let queryIdentities: [Int32]

    /// One number an identity, for the gallery; `distractor` for images of nobody.
    let galleryIdentities: [Int32]

    /// One number a camera; empty when cameras are not known.
    let queryCameras: [Int32]

    /// One number a camera; empty when cameras are not known.
    let galleryCameras: [Int32]

    /// Gallery indices grouped by identity, then by camera, then in order; distractors come last.
    let groupedGallery: [Int32]

    /// Where the group of an identity starts in `groupedGallery`; one more entry than groups.
    let groupStarts: [Int]

    /// The group of each identity that a query or gallery image has.
    let groupOfIdentity: [Int32: Int]

    /// The identity number of images that show no player to be found.
    static let distractor: Int32 = -1

    /// Labels without cameras.
    ///
    /// - Parameters:
    ///   - queryIdentities: The player on each query image.
    ///   - galleryIdentities: The player on each gallery image; `nil` marks a distractor, which
    ///     never matches.
    public init<Identity: Hashable>(queryIdentities: [Identity], galleryIdentities: [Identity?]) {
        self.init(
            identities: queryIdentities, galleryIdentities, cameras: [Int](), [])
    }

    /// Labels with cameras.
    ///
    /// - Parameters:
    ///   - queryIdentities: The player on each query image.
    ///   - galleryIdentities: The player on each gallery image; `nil` marks a distractor, which
    ///     never matches.
    ///   - queryCameras: The camera of each query image, or `nil` when cameras are not known.
    ///   - galleryCameras: The camera of each gallery image, or `nil` when cameras are not known.
    /// - Throws: `MetricsError.camerasOnOneSide` when only one of the two is known, and
    ///   `countMismatch` unless every image has one.
    public init<Identity: Hashable, Camera: Hashable>(
        queryIdentities: [Identity], galleryIdentities: [Identity?], queryCameras: [Camera]?,
        galleryCameras: [Camera]?
    ) throws(MetricsError) {
        switch (queryCameras, galleryCameras) {
        case (nil, nil):
            self.init(identities: queryIdentities, galleryIdentities, cameras: [Camera](), [])
        case (_?, nil):
            throw .camerasOnOneSide(known: "queries", missing: "gallery")
        case (nil, _?):
            throw .camerasOnOneSide(known: "gallery", missing: "queries")
        case (let queryCameras?, let galleryCameras?):
            guard queryCameras.count == queryIdentities.count else {
                throw .countMismatch(
                    what: "cameras of the queries", expected: queryIdentities.count,
                    found: queryCameras.count)
            }
            guard galleryCameras.count == galleryIdentities.count else {
                throw .countMismatch(
                    what: "cameras of the gallery", expected: galleryIdentities.count,
                    found: galleryCameras.count)
            }
            self.init(
                identities: queryIdentities, galleryIdentities, cameras: queryCameras,
                galleryCameras)
        }
    }

    private init<Identity: Hashable, Camera: Hashable>(
        identities queries: [Identity], _ gallery: [Identity?], cameras queryCameras: [Camera],
        _ galleryCameras: [Camera]
    ) {
        var identities = Numbering<Identity>()
        queryIdentities = queries.map { identities.number(of: $0) }
        galleryIdentities = gallery.map { identity in
            identity.map { identities.number(of: $0) } ?? Self.distractor
        }
        var cameras = Numbering<Camera>()
        self.queryCameras = queryCameras.map { cameras.number(of: $0) }
        self.galleryCameras = galleryCameras.map { cameras.number(of: $0) }

        let numbers = galleryIdentities
        let cameraNumbers = self.galleryCameras
        let order = numbers.indices.sorted { first, second in
            // As unsigned numbers, distractors (-1) come last.
            let identity = (
                UInt32(bitPattern: numbers[first]), UInt32(bitPattern: numbers[second])
            )
            if identity.0 != identity.1 { return identity.0 < identity.1 }
            if !cameraNumbers.isEmpty, cameraNumbers[first] != cameraNumbers[second] {
                return cameraNumbers[first] < cameraNumbers[second]
            }
            return first < second
        }
        var starts: [Int] = []
        var groups: [Int32: Int] = [:]
        for (position, index) in order.enumerated() where groups[numbers[index]] == nil {
            groups[numbers[index]] = starts.count
            starts.append(position)
        }
        groupedGallery = order.map { Int32($0) }
        groupStarts = starts + [order.count]
        groupOfIdentity = groups
    }

    /// The gallery images of one group, by camera, then in order.
    func images(ofGroup group: Int) -> Range<Int> {
        groupStarts[group]..<groupStarts[group + 1]
    }

    /// Whether the gallery image was filmed by the camera of the query.
    func shareCamera(query: Int, gallery: Int) -> Bool {
        !queryCameras.isEmpty && queryCameras[query] == galleryCameras[gallery]
    }
}

/// Gives every distinct value a number, in order of appearance.
private struct Numbering<Value: Hashable> {
    private var numbers: [Value: Int32] = [:]

    mutating func number(of value: Value) -> Int32 {
        if let known = numbers[value] { return known }
        let number = Int32(numbers.count)
        numbers[value] = number
        return number
    }
}
