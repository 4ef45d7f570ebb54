// The value of `--degrade`: how much worse the images of an evaluation are made.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentImages

/// What `--degrade` asks for, such as `blur=2,height=48,jpeg=20`.
struct DegradationArgument: Encodable {
    /// Standard deviation of a Gaussian, in pixels of a crop 128 tall.
    private var blur: Double?
    /// Rows a crop is scaled down to.
    private var height: Int?
    /// Quality of compression.
    private var jpeg: Int?

    /// A Gaussian of a quarter of the crop leaves nothing to be recognised; a wider one takes long.
    private static let mostBlur = 32.0

    /// Reads the value.
    ///
    /// - Throws: `ValidationError` that says what is wrong and what can be given.
    init(parsing text: String) throws {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2 else {
                throw Self.refusal("'\(part)' is not of the form name=number")
            }
            switch words[0] {
            case "blur" where blur == nil:
                blur = try Self.number(words, in: 0...Self.mostBlur)
            case "height" where height == nil:
                height = try Self.number(words, in: 1...1_000_000)
            case "jpeg" where jpeg == nil:
                jpeg = try Self.number(words, in: 1...100)
            case "blur", "height", "jpeg":
                throw Self.refusal("'\(words[0])' is given twice")
            default:
                throw Self.refusal("'\(words[0])' is not known")
            }
        }
    }

    private static func number<Number: LosslessStringConvertible & Comparable>(
        _ words: [Substring], in range: ClosedRange<Number>
    ) throws -> Number {
        guard let number = Number(String(words[1])), range.contains(number) else {
            throw refusal(
                "\(words[0]) is '\(words[1])'; it must be \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return number
    }

    private static func refusal(_ problem: String) -> ValidationError {
        ValidationError("\(problem). Give blur, height and jpeg, as in blur=2,height=48,jpeg=20.")
    }

    /// The same as the library takes it.
    var degradation: ImageDegradation {
        var result = ImageDegradation()
        result.blur = blur.map { .gaussian(sigma: $0) }
        result.height = height
        result.jpegQuality = jpeg
        return result
    }

    /// For example `scaled down to 48 rows and up again, compressed at JPEG quality 20`.
    var text: String {
        var parts: [String] = []
        if let blur { parts.append("blurred by \(blur) pixels of a crop 128 tall") }
        if let height { parts.append("scaled down to \(height) rows and up again") }
        if let jpeg { parts.append("compressed at JPEG quality \(jpeg)") }
        return parts.joined(separator: ", ")
    }

    /// Writes `blur`, `height` and `jpeg`, null where not asked for.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(blur, forKey: .blur)
        try container.encode(height, forKey: .height)
        try container.encode(jpeg, forKey: .jpeg)
    }

    private enum CodingKeys: String, CodingKey {
        case blur, height, jpeg
    }
}
