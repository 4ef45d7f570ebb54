// Which patches of letterboxed crops show a crop, and how those of a batch lie one behind the
// other: more than half of a player's square is padding, which then costs nothing.
// Packing images of different sizes: Dehghani et al., Patch n' Pack: NaViT, 2023.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
public import ReIdentImages

/// Tokens of a batch without padding: crops with as many patches lie side by side.
struct ContentTokens {
    /// Images of equally many tokens.
    struct Group: Equatable {
        /// How many images there are.
        let images: Int
        /// Tokens of each, the class token included.
        let tokens: Int
    }

    /// The groups, in the order of their tokens.
    let groups: [Group]
    /// For each packed token but the class tokens its patch, of all patches of the batch `[N · P]`.
    let patches: [Int64]
    /// For each packed token its place among the class token, 0, and `patches`, from 1.
    let sources: [Int64]
    /// For each packed token its position, 0 for class tokens.
    let positions: [Int64]
    /// For each image of the batch where its class token is.
    let classTokens: [Int64]

    /// For each image of the batch which of all class tokens its one is, counted from the front.
    var classTokenRanks: [Int64] {
        var ranks = classTokens
        let order = classTokens.indices.sorted { classTokens[$0] < classTokens[$1] }
        for (rank, image) in order.enumerated() { ranks[image] = Int64(rank) }
        return ranks
    }

    /// How many tokens there are.
    var count: Int { sources.count }

    /// Looks for the patches that hold a part of a crop.
    ///
    /// - Parameters:
    ///   - contents: The parts of the squares that show crops.
    ///   - side: Side of the squares in pixels.
    ///   - patchSize: Side of a patch.
    init(_ contents: [PixelRectangle], side: Int, patchSize: Int) {
        let grid = side / patchSize
        func touched(_ start: Int, _ length: Int) -> Range<Int> {
            let first = min(max(0, start / patchSize), grid - 1)
            return first..<min(grid, max(first + 1, (start + length + patchSize - 1) / patchSize))
        }
        let areas = contents.map { content in
            (
                rows: touched(content.top, content.height),
                columns: touched(content.left, content.width)
            )
        }
        func tokens(_ image: Int) -> Int {
            1 + areas[image].rows.count * areas[image].columns.count
        }
        let order = contents.indices.sorted { (tokens($0), $0) < (tokens($1), $1) }
        var groups: [Group] = []
        var (patches, sources, positions) = ([Int64](), [Int64](), [Int64]())
        var classTokens = [Int64](repeating: 0, count: contents.count)
        for image in order {
            let own = tokens(image)
            if let last = groups.last, last.tokens == own {
                groups[groups.count - 1] = Group(images: last.images + 1, tokens: own)
            } else {
                groups.append(Group(images: 1, tokens: own))
            }
            classTokens[image] = Int64(sources.count)
            sources.append(0)
            positions.append(0)
            for row in areas[image].rows {
                for column in areas[image].columns {
                    let place = row * grid + column
                    patches.append(Int64(image * grid * grid + place))
                    sources.append(Int64(patches.count))
                    positions.append(Int64(place + 1))
                }
            }
        }
        self.groups = groups
        (self.patches, self.sources, self.positions) = (patches, sources, positions)
        self.classTokens = classTokens
    }
}

extension ContentTokens {
    /// The mean of each image's tokens, `[1, T, E] → [N, 1, E]` in the batch's order.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    func means(of packed: Tensor) throws(EngineError) -> Tensor {
        let width = packed.shape[2]
        var (means, start) = ([Tensor](), 0)
        for group in groups {
            let count = group.images * group.tokens
            means.append(
                try packed.narrowed(dimension: 1, to: start..<start + count)
                    .reshaped([group.images, group.tokens, width]).mean(dimension: 1)
                    .reshaped([group.images, width]))
            start += count
        }
        let ranks = try Tensor.integers(
            classTokenRanks, shape: [classTokens.count], device: packed.device)
        return try Tensor.concatenated(means, dimension: 0).rows(at: ranks)
            .reshaped([classTokens.count, 1, width])
    }
}

extension ModelPackage {
    /// An image where the encoder looks at it: where padding takes no part, it is moved by less
    /// than a patch.
    ///
    /// - Parameters:
    ///   - image: An image in the model's square.
    ///   - selection: Which patches take part; nil for what the package says.
    /// - Returns: The image that maps of it lie on.
    public func placed(
        _ image: PreparedImage, _ selection: TokenSelection? = nil
    ) -> PreparedImage {
        guard selection ?? settings.tokens == .content, let size = configuration.vision.patchSize
        else { return image }
        return ImageBatch([image]).alignedToPatches(of: size)[0]
    }

    /// How many tokens its transformer looks at for each image of a batch, the mean rounded.
    ///
    /// - Parameters:
    ///   - batch: Images of the model's size, at least one.
    ///   - selection: Which patches take part.
    /// - Returns: The class token included; nil of an encoder without patches.
    public func tokenCount(of batch: ImageBatch, _ selection: TokenSelection) -> Int? {
        guard case .transformer(let sizes) = configuration.vision else { return nil }
        guard selection == .content else { return sizes.tokenCount }
        let aligned = batch.alignedToPatches(of: sizes.patchSize)
        let content = ContentTokens(
            aligned.contents, side: batch.side, patchSize: sizes.patchSize)
        return (content.count + batch.count / 2) / max(1, batch.count)
    }
}
