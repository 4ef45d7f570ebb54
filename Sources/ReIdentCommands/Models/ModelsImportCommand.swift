// `reident models import`: a published or saved checkpoint becomes a package.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
import ReIdentCLIP
public import ReIdentImages

/// Imports weights.
struct ModelsImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Makes a model package of a checkpoint.",
        discussion: """
            SOURCE is open_clip's state dict (.safetensors, .pt, .bin), a Hugging Face CLIPModel \
            (.safetensors, .bin), an OpenAI archive (.pt) or a clip_reid checkpoint (.pth). Files \
            of torch are read as data: nothing in them is run, and one that asks for more than \
            tensors is refused. Every tensor is kept. The package's embedding is the paper's, the \
            features before the \
            projection, unless --keep-projection selects the projected one.
            """)

    @Argument(help: "The file of weights.")
    var source: String

    @Option(help: "A name of `reident models list`, or an open_clip configuration (.json).")
    var arch: String

    @Flag(help: "Take the projected embedding, which can be compared with texts.")
    var keepProjection = false

    @Option(help: "Side of the images in pixels; position embeddings are resampled to it.")
    var imageSize: Int?

    @Option(
        help: """
            How pixels were normalized in training: clip, imagenet or symmetric (-1 to 1). \
            (default: as a file beside the weights says, or as is usual for the architecture)
            """)
    var normalization: PixelNormalization.Name?

    @Option(
        help: """
            The vocabulary of the text side, merges.txt or CLIP's. (default: the one beside the \
            weights, or CLIP's from `make setup`)
            """)
    var vocabulary: String?

    @OptionGroup var package: PackageOutputOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let architecture = try Architecture.resolve(arch)
        try ModelPackage.check(output: package.path, force: package.force.isGiven)
        let checkpoint = try CheckpointImport(
            source: source, architecture: architecture, keepProjection: keepProjection,
            imageSize: imageSize, normalization: normalization.map(PixelNormalization.init),
            vocabulary: vocabulary)
        if let size = checkpoint.resampledFromImageSize {
            output.note(
                "The position embedding is resampled from images of \(size) to "
                    + "\(checkpoint.configuration.imageSize) pixels.")
        }
        if checkpoint.configuration.activation != architecture.configuration.activation {
            output.note("OpenAI's archives use QuickGELU, so the package does.")
        }
        if architecture.configuration.text != nil, checkpoint.configuration.text == nil {
            output.note("The checkpoint has no text side; the package has none either.")
        }
        if checkpoint.configuration.text != nil, checkpoint.vocabulary == nil {
            output.note(
                "No vocabulary was found, so the package cannot read texts yet. Name one with "
                    + "--vocabulary, if texts are needed.")
        }
        let written = try checkpoint.write(to: package.path, force: package.force.isGiven)
        let description = try PackageDescription(written)
        try output.print(description, text: description.text)
    }
}

extension PixelNormalization.Name: ExpressibleByArgument {}
