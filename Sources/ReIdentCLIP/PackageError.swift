// What can be wrong with a model configuration, a package, or a file of weights to import.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Why a configuration, a model package or a checkpoint cannot be used.
public enum PackageError: DiagnosedError {
    /// A JSON file does not say what it should; `problem` names the key and the value found.
    case invalidConfiguration(file: String, problem: String, expected: String)
    /// A configuration asks for a computation that is not supported.
    case unsupportedOption(file: String, key: String, value: String)
    /// `--arch` names nothing that is known.
    case unknownArchitecture(name: String, alike: [String])
    /// `models fetch` names nothing that is known.
    case unknownWeights(name: String, alike: [String])
    /// An image size that is not a multiple of the model's patch size.
    case unsuitableImageSize(size: Int, patchSize: Int)
    /// Another image size was asked of an encoder whose positions cannot be resampled.
    case fixedImageSize(architecture: String, size: Int)
    /// A configuration describes more numbers than a file of weights may hold.
    case tooLarge(architecture: String, parameters: Double)
    /// A weight is too large for the number format that was asked for.
    case outOfRange(package: String, tensor: String, value: Float, type: String)
    /// A file or folder that was named does not exist or cannot be read.
    case notFound(path: String, what: String)
    /// The path is there and is not a model package.
    case notAPackage(path: String, found: String)
    /// A package lacks one of its files.
    case missingFile(package: String, file: String)
    /// The package was written in a form this version does not know.
    case newerFormat(package: String, found: Int, supported: Int)
    /// The weights and the configuration do not fit.
    case mismatch(CheckpointMismatch)
    /// The package asks for the projected embedding and holds no projection.
    case projectionMissing(path: String)
    /// An encoder without patches was to look at some of them.
    case noPatches(package: String)
    /// An encoder, or a device, without products of 8-bit integers was to use them.
    case noInt8(package: String, device: String)
    /// A configuration beside the weights contradicts the chosen architecture.
    case contradiction(
        path: String, setting: String, found: String, architecture: String, expected: String,
        advice: String)
    /// Weights whose names are of no known form.
    case unknownForm(path: String, example: String)
    /// A tensor is stored in numbers that weights are not kept in.
    case elementType(path: String, tensor: String, found: String)
    /// The bytes of the weights are not those the package was written with.
    case digestMismatch(path: String, expected: String, found: String)
    /// A file is no vocabulary, or not one that fits.
    case invalidVocabulary(file: String, problem: String)
    /// CLIP's own vocabulary is needed and not here.
    case vocabularyNotFound
    /// A package has a text encoder, but no vocabulary to make tokens with.
    case vocabularyMissing(package: String)
    /// A file of sentences for reading numbers is not of the form.
    case invalidPrompts(file: String, problem: String)
    /// A text is to be embedded by a package without a text encoder.
    case noTextSide(package: String)
    /// A file could not be read or written; the cause speaks for itself.
    case file(any DiagnosedError)

    public var kind: FailureKind {
        switch self {
        case .unknownArchitecture, .unknownWeights, .unsuitableImageSize, .fixedImageSize,
            .noPatches, .noInt8:
            .usage
        case .notFound: .inputNotFound
        case .vocabularyNotFound: .unavailable
        case .file(let cause): cause.kind
        default: .badData
        }
    }

    public var description: String {
        switch self {
        case .invalidConfiguration(let file, let problem, let expected):
            "\(file): \(problem), expected \(expected). Correct the file, or use one of the "
                + "architectures of `reident models list`."
        case .unsupportedOption(let file, let key, let value):
            "\(file): '\(key)' is \(value), which is not supported and would change what the "
                + "model computes. Use an architecture of `reident models list`."
        case .unknownArchitecture(let name, let alike):
            "No architecture is called '\(name)'"
                + (alike.isEmpty ? "" : "; alike: \(alike.joined(separator: ", "))")
                + ". `reident models list` names all; a configuration file must end in .json."
        case .unknownWeights(let name, let alike):
            "No weights are called '\(name)'"
                + (alike.isEmpty ? "" : "; alike: \(alike.joined(separator: ", "))")
                + ". `reident models fetch --list` names all."
        case .unsuitableImageSize(let size, let patchSize):
            "An image size of \(size) does not fit patches of \(patchSize) pixels. Use a multiple "
                + "of \(patchSize), at most \(VisionTransformerConfiguration.largestImageSize)."
        case .fixedImageSize(let architecture, let size):
            "\(architecture) takes images of \(size) pixels only: positions of its attention pool "
                + "are not resampled. Leave out --image-size."
        case .tooLarge(let architecture, let parameters):
            "\(architecture): the configuration describes \(parameters) numbers, more than any "
                + "model of its kind has. Correct its sizes."
        case .outOfRange(let package, let tensor, let value, let type):
            "\(package): '\(tensor)' holds \(value), which \(type) cannot hold. Convert to bf16, "
                + "whose range is that of fp32."
        case .notFound(let path, let what):
            "\(path): there is no such \(what). Check the path."
        case .notAPackage(let path, let found):
            "\(path): \(found), expected a model package (a folder with config.json and "
                + "model.safetensors). Make one with `reident models import`."
        case .missingFile(let package, let file):
            "\(package): the package has no '\(file)'. Copy the whole folder, or import it again."
        case .newerFormat(let package, let found, let supported):
            "\(package): the package has format \(found); this version reads formats up to "
                + "\(supported). Use a newer version of reident."
        case .mismatch(let mismatch):
            mismatch.description
        case .noPatches(let package):
            "\(package): its encoder is no transformer, so no patches of an image can be left out. "
                + "Use --tokens all."
        case .noInt8(let package, let device):
            "\(package): int8 is for transformers on the processor; this is another encoder, or "
                + "another device (\(device)). Use --precision bf16."
        case .projectionMissing(let path):
            "\(path): there is no 'visual.proj', which the projected embedding needs. Leave out "
                + "--keep-projection, or set \"embedding\" to \"features\"."
        case .contradiction(
            let path, let setting, let found, let architecture, let expected, let advice):
            "\(path): \(setting) is \(found), but \(architecture) has \(expected). \(advice)"
        case .unknownForm(let path, let example):
            "\(path): the tensors, '\(example)' for example, are named neither as open_clip nor as "
                + "timm nor as Hugging Face's CLIPModel names them. Use a file in one of these "
                + "forms."
        case .elementType(let path, let tensor, let found):
            "\(path): '\(tensor)' is stored as \(found), expected F32, F16 or BF16. Convert the "
                + "file first."
        case .digestMismatch(let path, let expected, let found):
            "\(path): the weights have SHA-256 \(found), but the package was written with "
                + "\(expected). The file was changed or damaged; copy or import it again."
        case .invalidPrompts(let file, let problem):
            "\(file): \(problem). Each line is a sentence: with {number} it describes a crop "
                + "with that shirt number, without it a crop on which no number can be seen; "
                + "there must be one of each."
        case .invalidVocabulary(let file, let problem):
            "\(file): \(problem). Use CLIP's bpe_simple_vocab_16e6.txt.gz, or the merges.txt that "
                + "belongs to the weights."
        case .vocabularyNotFound:
            "CLIP's vocabulary is not here, and texts need it. Run `make setup` in ReIdent's "
                + "folder, or name a file with --vocabulary or a package with --model."
        case .vocabularyMissing(let package):
            "\(package): the package has a text encoder but no vocabulary (merges.txt or "
                + "merges.txt.gz), so texts cannot be read. Import it again with --vocabulary FILE."
        case .noTextSide(let package):
            "\(package): the package has no text encoder, so it cannot embed texts. Use one that "
                + "was imported from CLIP's own weights, open_clip's or Hugging Face's CLIPModel."
        case .file(let cause):
            cause.description
        }
    }
}

extension PackageError: Equatable {
    public static func == (left: PackageError, right: PackageError) -> Bool {
        left.kind == right.kind && left.description == right.description
    }
}
