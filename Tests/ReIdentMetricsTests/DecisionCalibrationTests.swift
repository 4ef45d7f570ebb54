// Calibrated decisions: thresholds with intervals, searches for players who are not there, groups
// of crops, and noticing other footage. Held against made-up players whose truth is known.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import Testing

@testable import ReIdentMetrics

@Suite("Decision calibration")
struct DecisionCalibrationTests {
    private static let origin = DecisionCalibration.Origin(data: "data", model: "model")

    private static func calibration(
        players: Int, each: Int
    ) throws -> DecisionCalibration {
        let made = try MadeUpPlayers(players: players, each: each, noise: 0.7, seed: 1)
        return try DecisionCalibration(
            fitting: made.crops, identities: made.identities, origin: origin, draws: 60)
    }

    /// What most tests look at, learned once.
    private static let learned = Result { try calibration(players: 80, each: 6) }

    @Test("thresholds grow with strictness, have intervals, and are left open where pairs are few")
    func thresholds() throws {
        let calibration = try Self.learned.get()
        #expect(calibration.thresholds.map(\.falseMatchRate) == [1e-2, 1e-3, 1e-4])
        let first = try #require(calibration.thresholds[0].similarity)
        let second = try #require(calibration.thresholds[1].similarity)
        #expect(first < second)
        for threshold in calibration.thresholds.prefix(2) {
            let bounds = try #require(threshold.similarityInterval)
            let similarity = try #require(threshold.similarity)
            #expect(bounds[0] <= similarity && similarity <= bounds[1] && bounds[0] < bounds[1])
            let missed = try #require(threshold.falseNonMatchInterval)
            let rate = try #require(threshold.falseNonMatchRate)
            #expect(missed[0] <= rate && rate <= missed[1])
        }
        // 113,760 pairs of two players: 1e-4 would be 11 of them.
        #expect(calibration.impostorPairs == 480 * 479 / 2 - 80 * 15)
        #expect(calibration.thresholds[2].similarity == nil)
        #expect(calibration.thresholds[2].falseNonMatchRate == nil)
        let bounds = try #require(calibration.equalErrorInterval)
        #expect(bounds[0] < calibration.equalErrorRate && calibration.equalErrorRate < bounds[1])
    }

    @Test("on other players of the same kind what it says comes true")
    func heldOut() throws {
        let calibration = try Self.learned.get()
        let others = try MadeUpPlayers(players: 80, each: 6, noise: 0.7, seed: 2)
        let check = try DecisionCheck(
            of: calibration, on: others.crops, identities: others.identities)
        #expect(check.calibrationError < 0.03)
        #expect(check.cost < check.leastCost + 0.05)
        #expect(check.shift < check.largestUsualShift)
        #expect(check.rates.count == 2)
        for rate in check.rates {
            #expect(rate.falseMatchRate < 3 * rate.wished)
            #expect(rate.falseMatchRate > rate.wished / 3)
        }
        let search = try #require(check.search)
        let rule = try #require(calibration.openSet)
        #expect(search.falsePositiveRate < 3 * rule.falsePositiveRate)
        #expect(search.calibrationError < 0.06)
        #expect(search.wronglyUnknown < 0.12)
    }

    @Test("other footage is noticed by its similarities")
    func shift() throws {
        let calibration = try Self.learned.get()
        // The same players' noise, but all crops share a direction: they are all more alike.
        let others = try MadeUpPlayers(
            players: 80, each: 6, noise: 0.7, seed: 3, shared: 0.8)
        let check = try DecisionCheck(
            of: calibration, on: others.crops, identities: others.identities)
        #expect(check.shift > check.largestUsualShift)
        #expect(check.calibrationError > 0.1)
    }

    @Test("footage that reaches in other directions is noticed where similarities say nothing")
    func outside() throws {
        // Embeddings of 24 numbers, of which only 8 differ; other footage's lie in 12 of them.
        func crops(within: Int, seed: UInt64) throws -> (EmbeddingMatrix, [String]) {
            var generator = SeededGenerator(seed: seed)
            var (values, names): ([Float], [String]) = ([], [])
            for player in 0..<80 {
                let center = (0..<24).map { $0 < within ? MadeUpPlayers.normal(&generator) : 0 }
                for _ in 0..<5 {
                    let crop = center.enumerated().map { place, value in
                        value + (place < within ? 0.5 : 0.02) * MadeUpPlayers.normal(&generator)
                    }
                    let length = crop.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    values += crop.map { Float($0 / length) }
                    names.append("player \(player)")
                }
            }
            return (try EmbeddingMatrix(values: values, count: 400, dimension: 24), names)
        }
        let (own, names) = try crops(within: 8, seed: 1)
        let span = try #require(
            try EmbeddingSpan(own, NumberedCrops(identities: names, cameras: nil), seed: 1))
        #expect(span.directionCount == 8)
        let same = try #require(try span.shareOutside(try crops(within: 8, seed: 2).0))
        let other = try #require(try span.shareOutside(try crops(within: 12, seed: 3).0))
        #expect(same < span.largestUsualOutside(players: 12))
        #expect(other > 10 * span.largestUsualOutside(players: nil))
        // Here 40 players are half, too few to be many.
        #expect(span.many == 40)
        #expect(
            span.largestUsualOutside(players: 80) == span.largestUsualOutside(players: nil))
        #expect(span.usualOutsideOfMany <= 1.5 * span.usualOutside)
        // What a package keeps says the same, to 16 bits a number.
        let kept = try JSONDecoder().decode(
            EmbeddingSpan.self, from: JSONEncoder().encode(span))
        #expect(kept == span)
        // Embeddings of another model are not compared, and few players tell nothing.
        let narrow = try EmbeddingMatrix(values: [1, 0], count: 1, dimension: 2)
        #expect(try span.shareOutside(narrow) == nil)
        let few = NumberedCrops(identities: ["a", "b", "c"], cameras: nil)
        let three = try EmbeddingMatrix(
            values: [1, 0, 0, 1, -1, 0], count: 3, dimension: 2)
        #expect(try EmbeddingSpan(three, few, seed: 1) == nil)
    }

    @Test("the best match of a search is same, unsure or unknown, by growing similarity")
    func decisions() throws {
        let calibration = try Self.learned.get()
        let rule = try #require(calibration.openSet)
        #expect(rule.rejects <= rule.accepts)
        #expect(calibration.decision(onBest: Float(rule.accepts) + 0.01) == .same)
        #expect(calibration.decision(onBest: Float(rule.rejects) - 0.01) == .unknown)
        let probabilities = stride(from: Float(-1), through: 1, by: 0.05).map {
            calibration.probability(ofBest: $0) ?? .nan
        }
        #expect(zip(probabilities, probabilities.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(calibration.probability(of: 0.99) > 0.9)
        #expect(calibration.probability(of: -0.9) < 0.1)
    }

    @Test("trials are what counting by hand gives")
    func trials() throws {
        // Four players far apart; the second crop of each is its first one turned a little.
        let values: [Float] = [
            1, 0, 0, 0, 0.8, 0.6, 0, 0,
            0, 1, 0, 0, 0, 0.8, 0.6, 0,
            0, 0, 1, 0, 0, 0, 0.8, 0.6,
            0, 0, 0, 1, 0.6, 0, 0, 0.8,
        ]
        let crops = try EmbeddingMatrix(values: values, count: 8, dimension: 4)
        let names = ["a", "a", "b", "b", "c", "c", "d", "d"]
        let trials = try OpenSetTrials(crops, identities: names, rounds: 40)
        #expect(trials.players == 2)
        // Each round: one probe of each of two enrolled players, all four crops of the others.
        #expect(trials.probes.count == 40 * 6)
        #expect(trials.probes.count { $0.isMated } == 80)
        for probe in trials.probes where probe.isMated {
            #expect(probe.isRight && abs(probe.own - 0.8) < 1e-6 && probe.best == probe.own)
        }
        for probe in trials.probes where !probe.isMated {
            #expect(probe.best < 0.7 && !probe.isRight)
        }
        #expect(trials.falsePositiveRate(at: 0.7) == 0)
        #expect(trials.falseNegativeRate(at: 0.7) == 0)
        #expect(trials.falseNegativeRate(at: 0.9) == 1)
        #expect(trials.falsePositiveRate(at: -1) == 1)
        // A player's own camera does not count.
        let filmed = try OpenSetTrials(
            crops, identities: names, cameras: [String?](repeating: "left", count: 8), rounds: 10)
        #expect(!filmed.probes.contains { $0.isMated })
    }

    @Test("more crops make a decision surer, but never as if each were new evidence")
    func groups() throws {
        let calibration = try Self.calibration(players: 30, each: 10)
        #expect(calibration.exponent > 0 && calibration.exponent < 1)
        let alike: Float = 0.9
        #expect(
            calibration.probability(ofMean: alike, pairs: 25)
                > calibration.probability(ofMean: alike, pairs: 1))
        #expect(
            calibration.probability(ofMean: alike, pairs: 1)
                == calibration.probability(of: alike))
    }

    @Test("a calibration is stored and read as it was; a broken one is refused")
    func codable() throws {
        let calibration = try Self.learned.get()
        let data = try JSONEncoder().encode(calibration)
        #expect(try JSONDecoder().decode(DecisionCalibration.self, from: data) == calibration)
        let unsorted = #"{"similarities": [0.5, 0.1], "log_ratios": [-1, 1]}"#
        let short = #"{"similarities": [0.1, 0.5], "log_ratios": [1]}"#
        for text in [unsorted, short] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(MatchModel.self, from: Data(text.utf8))
            }
        }
    }

    @Test("a prior that is none, and one player alone, are refused")
    func refused() throws {
        let made = try MadeUpPlayers(players: 4, each: 3, noise: 0.5, seed: 1)
        let error = #expect(throws: MetricsError.self) {
            try DecisionCalibration(
                fitting: made.crops, identities: made.identities, prior: 1, origin: Self.origin)
        }
        #expect(error?.kind == .usage)
        #expect(throws: MetricsError.tooFewPairs(genuine: 66, impostor: 0, players: 1)) {
            try DecisionCalibration(
                fitting: made.crops, identities: made.identities.map { _ in "a" },
                origin: Self.origin)
        }
    }

    @Test("intervals hold the truth as often as they should")
    func coverage() throws {
        // The truth: the threshold and error rate of very many players.
        let all = try MadeUpPlayers(players: 150, each: 4, noise: 0.9, seed: 100)
        let pairs = try PairSimilarities(all.crops, identities: all.identities)
        let truth = try #require(VerificationCurve(pairs).point(atFalseMatchRate: 0.01))
        var held = 0
        for seed in 1...30 {
            let some = try MadeUpPlayers(players: 40, each: 4, noise: 0.9, seed: UInt64(seed))
            let pairs = try PairSimilarities(some.crops, identities: some.identities)
            let draws = VerificationBootstrap(pairs, rates: [0.01], equalErrorRate: 0.2)
                .draws(60, seed: 1)
            let bounds = try #require(
                VerificationBootstrap.interval(draws.map { $0.points[0].threshold }))
            if bounds[0] <= truth.threshold, truth.threshold <= bounds[1] { held += 1 }
        }
        // 95% of 30 are 28.5; below 23 would be a chance of one in ten thousand.
        #expect(held >= 23, "only \(held) of 30 intervals hold the truth")
    }
}
