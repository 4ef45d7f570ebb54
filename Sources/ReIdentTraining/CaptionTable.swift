// The captions of images as tokens, each different one once.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentData

/// What the captions of a list of images say.
struct CaptionTable: Sendable {
    /// The different captions, in the order in which they first come.
    let texts: [String]
    /// Their tokens; no two are the same.
    let tokens: [[Int32]]
    /// For each image the place of its caption; nil where there is none.
    let captionOfImage: [Int?]
    /// How many different captions were cut to the model's context.
    let cutCount: Int

    /// Reads the captions of images; those whose tokens are the same are one.
    init(_ images: [PlayerImage], tokenizer: Tokenizer) {
        var places: [[Int32]: Int] = [:]
        var texts: [String] = []
        var tokens: [[Int32]] = []
        var cutCount = 0
        captionOfImage = images.map { image in
            guard image.hasCaption, let caption = image.caption else { return nil }
            let found = tokenizer.tokenize(caption)
            if let place = places[found.tokens] { return place }
            places[found.tokens] = tokens.count
            texts.append(caption)
            tokens.append(found.tokens)
            cutCount += found.isCut ? 1 : 0
            return tokens.count - 1
        }
        (self.texts, self.tokens, self.cutCount) = (texts, tokens, cutCount)
    }

    /// What whoever trains on them should know.
    var notes: [String] {
        let missing = captionOfImage.count { $0 == nil }
        let sentences = [
            missing > 0
                ? "\(missing) of \(captionOfImage.count) training images have no caption." : nil,
            cutCount > 0
                ? "\(cutCount) of \(texts.count) captions are longer than the model reads, and are "
                    + "cut." : nil,
        ]
        return sentences.compactMap(\.self)
    }

    /// The captions of some images, each once, and for each image the place among them.
    ///
    /// - Parameter images: Places of images that have a caption.
    /// - Returns: Tokens in the order in which they first come; a place a given image.
    func captions(of images: [Int]) -> (tokens: [[Int32]], places: [Int]) {
        var known: [Int: Int] = [:]
        var found: [[Int32]] = []
        let places = images.compactMap { image -> Int? in
            guard let caption = captionOfImage[image] else { return nil }
            if let place = known[caption] { return place }
            known[caption] = found.count
            found.append(tokens[caption])
            return found.count - 1
        }
        return (found, places)
    }
}

extension PlayerImage {
    /// Whether there are words about it.
    var hasCaption: Bool { caption.map { !$0.allSatisfy(\.isWhitespace) } ?? false }
}
