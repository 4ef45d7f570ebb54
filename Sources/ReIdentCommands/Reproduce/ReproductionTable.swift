// The one table of a reproduction: its figures beside the paper's.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentMetrics

/// The figures of one evaluated package, as shares of 1.
struct ReproducedFigures: Encodable, Equatable {
    let meanAveragePrecision: Double
    let rankOne: Double
    let rerankedMeanAveragePrecision: Double
    let rerankedRankOne: Double

    enum CodingKeys: String, CodingKey {
        case meanAveragePrecision = "mAP"
        case rankOne = "rank1"
        case rerankedMeanAveragePrecision = "reranked_mAP"
        case rerankedRankOne = "reranked_rank1"
    }

    init(_ report: RetrievalReport) throws {
        guard let reranked = report.reranked, let ranks = report.cumulativeMatching.market1501,
            let rerankedRanks = reranked.cumulativeMatching.market1501,
            let first = ranks["1"], let rerankedFirst = rerankedRanks["1"]
        else {
            throw ReproductionError(
                kind: .badData, "An evaluation's result lacks its re-ranked figures or rank 1.")
        }
        meanAveragePrecision = report.meanAveragePrecision
        rankOne = first
        rerankedMeanAveragePrecision = reranked.meanAveragePrecision
        rerankedRankOne = rerankedFirst
    }

    /// The mean of some figures, at least one.
    init(meanOf members: [ReproducedFigures]) {
        self.init(of: members) { $0.reduce(0, +) / Double(max(1, $0.count)) }
    }

    /// How far some figures lie apart: the largest less the smallest.
    init(spreadOf members: [ReproducedFigures]) {
        self.init(of: members) { ($0.max() ?? 0) - ($0.min() ?? 0) }
    }

    /// Figure by figure what becomes of some.
    private init(of members: [ReproducedFigures], summary: ([Double]) -> Double) {
        meanAveragePrecision = summary(members.map(\.meanAveragePrecision))
        rankOne = summary(members.map(\.rankOne))
        rerankedMeanAveragePrecision = summary(members.map(\.rerankedMeanAveragePrecision))
        rerankedRankOne = summary(members.map(\.rerankedRankOne))
    }

    /// The cells of a row: mAP, rank-1, and both re-ranked, in per cent.
    var cells: [String] {
        [meanAveragePrecision, rankOne, rerankedMeanAveragePrecision, rerankedRankOne]
            .map(percent)
    }
}

/// Everything a reproduction came to.
struct ReproductionTable: Encodable {
    struct Seed: Encodable {
        let seed: Int
        let figures: ReproducedFigures

        func encode(to encoder: any Encoder) throws {
            try figures.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(seed, forKey: .seed)
        }

        enum CodingKeys: CodingKey { case seed }
    }

    /// Differences of the mean to the paper, in shares of 1.
    struct Difference: Encodable {
        let meanAveragePrecision: Double
        let reranked: Double

        enum CodingKeys: String, CodingKey {
            case meanAveragePrecision = "mAP"
            case reranked = "reranked_mAP"
        }
    }

    let model: ReproducedModel
    let device: String
    /// Whether the recipe, weights and data are the paper's.
    let isComparable: Bool
    let deviations: [String]
    let queries: Int
    let gallery: Int
    let zeroShot: ReproducedFigures
    let seeds: [Seed]
    let mean: ReproducedFigures
    /// How far the seeds lie apart; nil for one seed.
    let spread: ReproducedFigures?
    let paper: PaperFigures
    let difference: Difference
    let submissions: [String]

    enum CodingKeys: String, CodingKey {
        case model, device, deviations, queries, gallery, seeds, mean, spread, paper, difference
        case submissions
        case isComparable = "comparable"
        case zeroShot = "zero_shot"
    }

    /// Gathers the results of a plan's steps.
    init(_ plan: ReproductionPlan, results: (String) -> Data?) throws {
        func report(_ name: String) throws -> RetrievalReport {
            guard let contents = results(name) else {
                throw ReproductionError(
                    kind: .internalFault, "The result of the step '\(name)' is missing.")
            }
            do {
                return try JSONDecoder().decode(RetrievalReport.self, from: contents)
            } catch {
                throw ReproductionError(
                    kind: .badData,
                    "\(plan.folder)/results/\(name).json: is not an evaluation's result. Remove "
                        + "it and run the same command again.")
            }
        }
        let start = try report("zero-shot")
        model = plan.settings.model
        device = plan.device
        deviations = plan.settings.deviations
        isComparable = deviations.isEmpty
        queries = start.queryCount
        gallery = start.galleryCount
        zeroShot = try ReproducedFigures(start)
        seeds = try plan.seedNumbers.map { seed in
            Seed(
                seed: seed,
                figures: try ReproducedFigures(try report("evaluation-seed-\(seed)")))
        }
        mean = ReproducedFigures(meanOf: seeds.map(\.figures))
        spread = seeds.count > 1 ? ReproducedFigures(spreadOf: seeds.map(\.figures)) : nil
        paper = plan.settings.model.paper
        difference = Difference(
            meanAveragePrecision: mean.meanAveragePrecision - paper.test.meanAveragePrecision,
            reranked: mean.rerankedMeanAveragePrecision - paper.test.reranked)
        submissions = plan.submissions
    }

    /// The table and what belongs to it, as Markdown.
    var markdown: String {
        let head = ["", "mAP", "rank-1", "re-ranked mAP", "re-ranked rank-1"]
        var rows = [head, head.map { $0.isEmpty ? "---" : "---:" }]
        rows.append(["without training"] + zeroShot.cells)
        rows += seeds.map { ["seed \($0.seed)"] + $0.figures.cells }
        rows.append(["**mean of \(seeds.count)**"] + mean.cells.map { "**\($0)**" })
        if let spread { rows.append(["largest less smallest"] + spread.cells) }
        rows.append(
            [
                "the paper", percent(paper.test.meanAveragePrecision), "-",
                percent(paper.test.reranked), "-",
            ])
        rows.append(
            [
                "mean less the paper", signed(difference.meanAveragePrecision), "-",
                signed(difference.reranked), "-",
            ])
        let judgement =
            isComparable
            ? "Recipe, weights and data are the paper's."
            : "Not comparable with the paper: \(deviations.joined(separator: ", "))."
        var lines = ["# CLIP-ReIdent, \(model.rawValue), on \(device)", ""]
        lines.append(
            "The test part, \(queries) queries in \(gallery) images, per cent. \(judgement)")
        lines.append("")
        lines += rows.map { "| \($0.joined(separator: " | ")) |" }
        lines += ["", "## Challenge", ""] + challenge
        return lines.joined(separator: "\n")
    }

    private var challenge: [String] {
        var lines = [
            "Who is on the images of SynergyReID's challenge is not published; EvalAI scores such "
                + "files:", "",
        ]
        lines += submissions.map { "- `\($0)`" }
        func text(_ figures: PaperFigures.Challenge) -> String {
            "mAP \(percent(figures.meanAveragePrecision, digits: 2)), rank-1 "
                + percent(figures.rankOne, digits: 2)
        }
        lines += ["", "The paper: \(text(paper.challenge)), of a model trained on all players."]
        if let ensemble = paper.challengeEnsemble {
            lines.append("Two models together: \(text(ensemble)).")
        }
        return lines
    }
}

private func percent(_ share: Double) -> String { percent(share, digits: 1) }

private func percent(_ share: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", 100 * share)
}

private func signed(_ share: Double) -> String { String(format: "%+.1f", 100 * share) }
