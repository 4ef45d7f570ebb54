// Holds the tensors of a file against a configuration, and finds out which would fit.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A file of weights and the architecture it is held against.
struct CheckpointFit {
    let form: CheckpointForm
    /// The form's names with the names in the file.
    let names: [String: String]
    let weights: SafetensorsFile
    let architecture: Architecture

    /// The shape of a tensor in the file, by the form's name; a single number has no axes.
    func shape(of name: String) -> [Int]? {
        names[name].flatMap { weights.tensors[$0] }.map { $0.shape == [1] ? [] : $0.shape }
    }

    /// Whether none of the tensors of a part is in the file.
    func lacks(_ side: WeightTable.Side) -> Bool {
        WeightTable(architecture.configuration).entries.filter { $0.side == side }
            .flatMap { form.recipe(for: $0).parts }
            .allSatisfy { names[$0.name] == nil }
    }

    /// What does not fit; nil if everything does.
    ///
    /// - Parameter optional: Parts that may be missing as a whole.
    /// - Returns: Everything that is missing, unexpected or misshapen.
    func mismatch(optional: [WeightTable.Side]) -> CheckpointMismatch? {
        let found = compare(with: architecture.configuration, optional: optional)
        guard !found.missing.isEmpty || !found.unexpected.isEmpty || !found.wrongShapes.isEmpty
        else { return nil }
        return CheckpointMismatch(
            path: weights.path, architecture: architecture.name, missing: found.missing.sorted(),
            unexpected: found.unexpected.sorted(),
            wrongShapes: found.wrongShapes.sorted { $0.tensor < $1.tensor },
            advice: advice(for: found))
    }

    private typealias Findings = (
        missing: [String], unexpected: [String], wrongShapes: [CheckpointMismatch.WrongShape]
    )

    private func compare(
        with configuration: CLIPConfiguration, optional: [WeightTable.Side]
    ) -> Findings {
        var findings: Findings = ([], [], [])
        var expected: Set<String> = []
        let absent = optional.filter(lacks)
        for entry in WeightTable(configuration).entries where !absent.contains(entry.side) {
            for part in form.recipe(for: entry).parts {
                expected.insert(part.name)
                guard let stored = shape(of: part.name) else {
                    findings.missing.append(part.name)
                    continue
                }
                guard stored != (part.shape == [1] ? [] : part.shape) else { continue }
                findings.wrongShapes.append(
                    .init(
                        tensor: part.name, expected: part.shape,
                        found: weights.tensors[names[part.name] ?? ""]?.shape ?? stored))
            }
        }
        findings.unexpected = names.keys.filter {
            !expected.contains($0) && !form.isKnownBuffer($0)
        }
        return findings
    }

    private func advice(for findings: Findings) -> String? {
        if findings.missing.isEmpty, findings.unexpected.isEmpty, findings.wrongShapes.count == 1,
            let position = findings.wrongShapes.first, isPositionEmbedding(position.tensor),
            let grid = PositionEmbedding.gridSize(rows: position.found.first ?? 0)
        {
            switch architecture.configuration.vision {
            case .transformer(let sizes):
                return "The position embedding is one for images of "
                    + "\(grid * sizes.patchSize) pixels: resample it with "
                    + "--image-size \(sizes.imageSize), or use an architecture of that size"
                    + (fitting.isEmpty ? "." : " (\(fitting.joined(separator: " or "))).")
            }
        }
        guard !fitting.isEmpty else { return nil }
        return "They would fit --arch \(fitting.joined(separator: " or "))"
            + (fitting.count > 1 ? ", which differ in activation." : ".")
    }

    private func isPositionEmbedding(_ name: String) -> Bool {
        name == "visual.positional_embedding"
            || name == "vision_model.embeddings.position_embedding.weight"
    }

    /// Names of the known architectures whose tensors all have the file's shapes.
    private var fitting: [String] {
        Architecture.known.filter { candidate in
            let other = CheckpointFit(
                form: form, names: names, weights: weights, architecture: candidate)
            let findings = other.compare(
                with: candidate.configuration, optional: [.text, .visionProjection, .temperature])
            return findings.missing.isEmpty && findings.unexpected.isEmpty
                && findings.wrongShapes.isEmpty
        }.map(\.name)
    }
}
