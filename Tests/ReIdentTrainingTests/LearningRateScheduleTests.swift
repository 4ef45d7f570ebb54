// Schedules against those of the reference, update by update (Tools/fixtures/training.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

@Suite("Learning rate schedules")
struct LearningRateScheduleTests {
    struct Reference: Decodable {
        let schedule: LearningRateSchedule.Shape
        let peak: Double
        let end: Double
        let batches: Int
        let epochs: Int
        let warmupEpochs: Double
        let accumulation: Int
        let rates: [Double]

        enum CodingKeys: String, CodingKey {
            case schedule, batches, epochs, accumulation, rates
            case peak = "lr"
            case end = "lr_end"
            case warmupEpochs = "warmup_epochs"
        }
    }

    @Test("every rate of every schedule is the reference's")
    func ratesAreTheReference() throws {
        let contents = try Data(contentsOf: URL(filePath: Fixtures.path("schedules.json")))
        let references = try JSONDecoder().decode([Reference].self, from: contents)
        #expect(Set(references.map(\.schedule)).count == 4)
        for reference in references {
            let schedule = LearningRateSchedule(
                shape: reference.schedule, peak: reference.peak, end: reference.end,
                batchesPerEpoch: reference.batches, epochs: reference.epochs,
                warmupEpochs: reference.warmupEpochs, accumulation: reference.accumulation)
            for (step, rate) in reference.rates.enumerated() {
                #expect(
                    abs(schedule.rate(at: step) - rate) <= Tolerance.figure * reference.peak,
                    "\(reference.schedule), step \(step)")
            }
        }
    }

    @Test("a warm-up as long as the training does not divide by nothing")
    func survivesLongWarmup() {
        for shape in LearningRateSchedule.Shape.allCases {
            let schedule = LearningRateSchedule(
                shape: shape, peak: 1, end: 0.1, batchesPerEpoch: 5, epochs: 1, warmupEpochs: 1,
                accumulation: 1)
            #expect((0...10).allSatisfy { schedule.rate(at: $0).isFinite })
        }
    }
}
