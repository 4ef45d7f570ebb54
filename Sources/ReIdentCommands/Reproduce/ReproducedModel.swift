// The models of the paper that can be reproduced, and the paper's figures for them.
//
// Source: Habel, Deuser, Oswald, "CLIP-ReIdent: Contrastive Training for Player Re-Identification",
// MMSports 2022, arXiv 2303.11855.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// A model of the paper.
enum ReproducedModel: String, CaseIterable, Codable, ExpressibleByArgument {
    case largeViT = "ViT-L-14"
    case baseViT = "ViT-B-16"

    /// What `models fetch` calls its weights: OpenAI's.
    var weightsName: String { rawValue }

    /// The architecture its weights are imported with; OpenAI's models use QuickGELU.
    var architecture: String { "\(rawValue)-quickgelu" }

    /// Whether a step of 32 images needs more memory than a desktop has, unless blocks are computed
    /// again in the backward pass.
    var needsMuchMemory: Bool { self == .largeViT }

    /// The paper's figures.
    var paper: PaperFigures {
        switch self {
        case .largeViT:
            PaperFigures(
                test: .init(meanAveragePrecision: 0.969, reranked: 0.982),
                challenge: .init(meanAveragePrecision: 0.9844, rankOne: 0.9915),
                challengeEnsemble: .init(meanAveragePrecision: 0.9818, rankOne: 0.9936))
        case .baseViT:
            PaperFigures(
                test: .init(meanAveragePrecision: 0.950, reranked: 0.981),
                challenge: .init(meanAveragePrecision: 0.9756, rankOne: 0.9872),
                challengeEnsemble: nil)
        }
    }
}

/// What the paper reports for one model, as shares of 1.
struct PaperFigures: Codable, Equatable {
    /// On the test part, 50 queries in 910 images.
    struct Test: Codable, Equatable {
        let meanAveragePrecision: Double
        let reranked: Double

        enum CodingKeys: String, CodingKey {
            case meanAveragePrecision = "mAP"
            case reranked = "reranked_mAP"
        }
    }

    /// On the challenge part of 2022, 468 queries in 8,703 images, re-ranked.
    struct Challenge: Codable, Equatable {
        let meanAveragePrecision: Double
        let rankOne: Double

        enum CodingKeys: String, CodingKey {
            case meanAveragePrecision = "mAP"
            case rankOne = "rank1"
        }
    }

    let test: Test
    let challenge: Challenge
    /// Of the mean of two models' distances; nil where the paper has none.
    let challengeEnsemble: Challenge?

    enum CodingKeys: String, CodingKey {
        case test, challenge
        case challengeEnsemble = "challenge_ensemble"
    }
}
