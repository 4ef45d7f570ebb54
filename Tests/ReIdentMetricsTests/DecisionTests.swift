// Decisions: rates over thresholds by counting, and probabilities that are true.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import Testing

@testable import ReIdentMetrics

@Suite("Decisions")
struct DecisionTests {
    private static func crops(
        players: Int, each count: Int, noise: Double, seed: UInt64
    ) throws -> (EmbeddingMatrix, [String]) {
        let made = try MadeUpPlayers(players: players, each: count, noise: noise, seed: seed)
        return (made.crops, made.identities)
    }

    private static func normal(_ generator: inout SeededGenerator) -> Double {
        MadeUpPlayers.normal(&generator)
    }

    @Test("pairs are all there are, without a player's crops of one camera")
    func pairs() throws {
        let (crops, players) = try Self.crops(players: 4, each: 3, noise: 0.5, seed: 1)
        let all = try PairSimilarities(crops, identities: players)
        #expect(all.genuine.count == 4 * 3)
        #expect(all.impostor.count == 12 * 11 / 2 - 12)
        #expect(all.cropsOfPlayer == [3, 3, 3, 3])
        #expect(all.genuine.allSatisfy { $0.first == $0.second })
        #expect(all.impostor.allSatisfy { $0.first != $0.second })
        let cameras = (0..<12).map { $0 % 3 == 2 ? "left" : "right" }
        let across = try PairSimilarities(crops, identities: players, cameras: cameras)
        #expect(across.genuine.count == 4 * 2)
        #expect(across.impostor.count == all.impostor.count)
        crops.withSimilarity(0, 1) { similarity in
            #expect(all.genuine.contains { abs($0.similarity - similarity) < 1e-6 })
        }
    }

    @Test("one player alone, one crop each and embeddings that are no numbers are refused")
    func badPairs() throws {
        let (crops, players) = try Self.crops(players: 1, each: 3, noise: 0.5, seed: 1)
        #expect(throws: MetricsError.tooFewPairs(genuine: 3, impostor: 0, players: 1)) {
            try PairSimilarities(crops, identities: players)
        }
        let (single, others) = try Self.crops(players: 3, each: 1, noise: 0.5, seed: 1)
        #expect(throws: MetricsError.tooFewPairs(genuine: 0, impostor: 3, players: 3)) {
            try PairSimilarities(single, identities: others)
        }
        let broken = try EmbeddingMatrix(values: [1, 0, .nan, 0, 0, 1], count: 3, dimension: 2)
        let error = #expect(throws: MetricsError.self) {
            try PairSimilarities(broken, identities: ["a", "a", "b"])
        }
        #expect(error?.description.contains("finite") == true)
        #expect(throws: MetricsError.self) { try PairSimilarities(crops, identities: ["a"]) }
    }

    @Test("rates at a threshold are shares that one can count")
    func rates() {
        let curve = VerificationCurve(
            genuine: [0.5, 0.7, 0.9, 0.9], impostor: [0.1, 0.5, 0.6, 0.7])
        let at = curve.point(at: 0.7)
        #expect(at.falseMatchRate == 0.25 && at.falseNonMatchRate == 0.25)
        #expect(curve.point(at: 0.71).falseMatchRate == 0)
        #expect(curve.point(at: 0).falseNonMatchRate == 0)
        #expect(curve.equalErrorRate.falseMatchRate == 0.25)
    }

    @Test("the threshold at a rate is the lowest that keeps it, ties included")
    func thresholds() throws {
        var generator = SeededGenerator(seed: 2)
        // Rounded to hundredths, so that many are equal.
        let impostor = (0..<20_000).map { _ in
            Float((Self.normal(&generator) * 10).rounded() / 100)
        }
        let genuine = (0..<500).map { _ in Float(0.4 + 0.1 * Self.normal(&generator)) }
        let curve = VerificationCurve(genuine: genuine, impostor: impostor)
        for rate in [0.3, 0.01, 0.002] {
            let point = try #require(curve.point(atFalseMatchRate: rate))
            #expect(point.falseMatchRate <= rate)
            let lower = curve.point(at: Float(point.threshold).nextDown)
            #expect(lower.falseMatchRate > rate)
            let counted = impostor.count { Double($0) >= point.threshold }
            #expect(Double(counted) / 20_000 == point.falseMatchRate)
        }
        // 20,000 pairs do not know a rate of one in ten thousand.
        #expect(curve.point(atFalseMatchRate: 1e-3 / 10) == nil)
        let trade = curve.tradeOff(count: 20)
        #expect(zip(trade, trade.dropFirst()).allSatisfy { $0.threshold >= $1.threshold })
        #expect(trade.last?.falseMatchRate == 1)
    }

    @Test("of bell-shaped similarities the line is the true log ratio")
    func line() throws {
        var generator = SeededGenerator(seed: 3)
        var counted = SimilarityHistogram(range: -1...1.5)
        // Equal spreads 0.1 around 0.6 and 0.3: the log ratio is 30 (s - 0.45).
        for _ in 0..<40_000 {
            counted.add(Float(0.6 + 0.1 * Self.normal(&generator)), isGenuine: true)
            counted.add(Float(0.3 + 0.1 * Self.normal(&generator)), isGenuine: false)
        }
        let line = MatchModel.logistic(fitting: counted)
        let steps = MatchModel.isotonic(fitting: counted)
        for similarity in stride(from: 0.3, through: 0.6, by: 0.05) {
            let truth = 30 * (similarity - 0.45)
            #expect(abs(line.logRatio(of: similarity) - truth) < 0.15)
            #expect(abs(steps.logRatio(of: similarity) - truth) < 0.5)
        }
        #expect(abs(line.probability(of: 0.45, prior: 0.1) - 0.1) < 0.01)
        #expect(line.calibrationError(on: counted, prior: 0.1) < 0.01)
        #expect(steps.calibrationError(on: counted, prior: 0.5) < 0.01)
        // What is wrong by a factor of two costs more, and says so.
        let sure = MatchModel.logistic(slope: 60, offset: -27)
        #expect(sure.cost(on: counted) > line.cost(on: counted))
        #expect(sure.calibrationError(on: counted, prior: 0.5) > 0.02)
        #expect(abs(MatchModel.logistic(slope: 0, offset: 0).cost(on: counted) - 1) < 1e-9)
    }

    @Test("the isotonic model grows, and stays finite where nothing is confused")
    func isotonic() {
        var counted = SimilarityHistogram(range: 0...1)
        for similarity in [0.1, 0.2, 0.35] as [Float] { counted.add(similarity, isGenuine: false) }
        for similarity in [0.3, 0.8, 0.9] as [Float] { counted.add(similarity, isGenuine: true) }
        let model = MatchModel.isotonic(fitting: counted)
        let ratios = stride(from: -0.5, through: 1.5, by: 0.01).map { model.logRatio(of: $0) }
        #expect(zip(ratios, ratios.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(ratios.allSatisfy { $0.isFinite })
        #expect(ratios.first ?? 0 < 0 && ratios.last ?? 0 > 0)
        let line = MatchModel.logistic(fitting: counted)
        #expect(line.logRatio(of: 0.9).isFinite && line.logRatio(of: 0.9) > 0)
    }

    @Test("on players that nothing was fitted to, probabilities are true")
    func heldOut() throws {
        let (crops, players) = try Self.crops(players: 60, each: 6, noise: 0.8, seed: 5)
        let pairs = try PairSimilarities(crops, identities: players)
        let (model, costs) = MatchModel.fitted(to: pairs)
        let found = try #require(costs)
        #expect(found.logistic > 0 && found.logistic < 1 && found.isotonic < 1)
        if case .logistic = model { #expect(found.logistic <= found.isotonic) }
        if case .isotonic = model { #expect(found.isotonic < found.logistic) }
        let (others, names) = try Self.crops(players: 60, each: 6, noise: 0.8, seed: 6)
        let unseen = try PairSimilarities(others, identities: names)
        let quality = model.quality(on: unseen, prior: 0.1)
        #expect(quality.calibrationError < 0.03)
        #expect(quality.cost < 0.8)
        // Too few players to compare: the line.
        let (few, two) = try Self.crops(players: 3, each: 3, noise: 0.8, seed: 7)
        let small = MatchModel.fitted(to: try PairSimilarities(few, identities: two))
        #expect(small.costs == nil)
        guard case .logistic = small.model else {
            Issue.record("not a line")
            return
        }
    }

    @Test("no package makes a probability that is no number", arguments: [0, 1, -2, 0.5])
    func damaged(prior: Double) {
        for slope in [1e308, -1e308] {
            let model = MatchModel.logistic(slope: slope, offset: slope)
            #expect((0...1).contains(model.probability(of: 1, prior: prior)))
        }
    }

    @Test("a model is stored and read as it was")
    func codable() throws {
        let models: [MatchModel] = [
            .logistic(slope: 12.5, offset: -3),
            .isotonic(similarities: [0.1, 0.5], logRatios: [-2, 4]),
        ]
        let read = try JSONDecoder().decode([MatchModel].self, from: JSONEncoder().encode(models))
        #expect(read == models)
    }
}

extension EmbeddingMatrix {
    /// Hands the product of two rows to `body`.
    fileprivate func withSimilarity(_ first: Int, _ second: Int, _ body: (Float) -> Void) {
        try? withValues { values throws(MetricsError) in
            body(
                (0..<dimension).reduce(0) {
                    $0 + values[first * dimension + $1] * values[second * dimension + $1]
                })
        }
    }
}
