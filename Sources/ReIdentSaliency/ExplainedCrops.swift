// Two crops as pictures: what is needed to explain their similarity and to draw the explanation.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
public import ReIdentImages

/// Two crops, decoded and brought to the encoder's square.
public struct ExplainedCrops: Sendable {
    private let crops: [(name: String, image: Image, prepared: PreparedImage)]

    /// Decodes both crops.
    ///
    /// - Parameters:
    ///   - query: The first crop, with what it is called.
    ///   - gallery: The second.
    ///   - package: The model that looks at them.
    ///   - preprocessing: How crops are brought to the square; nil as the package says.
    ///   - tokens: Which patches take part; nil as the package says.
    /// - Throws: `ImageError` if one cannot be decoded.
    public init(
        query: (name: String, source: ImageSource), gallery: (name: String, source: ImageSource),
        package: ModelPackage, preprocessing: Preprocessing? = nil,
        tokens: TokenSelection? = nil
    ) throws(ImageError) {
        var crops: [(name: String, image: Image, prepared: PreparedImage)] = []
        for (name, source) in [query, gallery] {
            let image = try source.decoded()
            let prepared = (preprocessing ?? package.settings.preprocessing)
                .prepare(image, side: package.configuration.imageSize)
            crops.append((name, image, package.placed(prepared, tokens)))
        }
        self.crops = crops
    }

    /// Explains their similarity.
    ///
    /// - Parameters:
    ///   - explainer: The explainer of a model.
    ///   - progress: Is told of passes.
    /// - Returns: The explanation.
    /// - Throws: What `ScoreCAM.explanation` throws.
    public func explained(
        by explainer: ScoreCAM,
        progress: ScoreCAM.Progress = { _, _ in }
    ) async throws -> Explanation {
        try await explainer.explanation(
            of: crops[0].prepared, and: crops[1].prepared, progress: progress)
    }

    /// The picture of an explanation of them.
    ///
    /// - Parameters:
    ///   - explanation: Their explanation.
    ///   - title: The heading.
    ///   - lines: What stands below it.
    /// - Returns: Both crops with their maps.
    public func sheet(
        of explanation: Explanation, title: String, lines: [String]
    ) -> ExplanationSheet {
        func side(_ place: Int, _ map: SaliencyMap) -> ExplanationSheet.Side {
            let (name, image, prepared) = crops[place]
            return .init(
                image: image, name: name, content: prepared.content, square: prepared.side,
                map: map)
        }
        return ExplanationSheet(
            title: title, lines: lines, query: side(0, explanation.query),
            gallery: side(1, explanation.gallery))
    }
}
