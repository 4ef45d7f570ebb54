// Trains a model towards an objective: the steps, epochs and savings that fine-tuning image to
// image and pretraining image to caption have in common.
// Recipe of fine-tuning: Habel, Deuser, Oswald, CLIP-ReIdent, MMSports 2022 (docs/ARCHITECTURE.md
// lists it).
//
// SPDX-License-Identifier: MIT

import Dispatch
import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages

/// One training over one run folder.
///
/// It holds tensors, so it runs on the engine's thread; reading and preparing images goes on
/// meanwhile on the others.
@EngineActor
final class Trainer {
    private let job: TrainingJob
    private let run: RunFolder
    private let stop: StopRequest
    private let report: @Sendable (TrainingEvent) -> Void

    private let objective: any TrainingObjective
    private let optimizer: AdamW
    private var plan: BatchPlan
    private var schedule: LearningRateSchedule?
    private var position: TrainingPosition
    /// The position up to which gradients have become a step: what a saved state goes on from.
    private var boundary = TrainingPosition()
    private var savedStep: Int?

    /// A trainer at the start, or where its saved state is.
    init(
        _ job: TrainingJob, run: RunFolder, resumes: Bool, stop: StopRequest,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) throws {
        (self.job, self.run, self.stop, self.report) = (job, run, stop, report)
        objective = try job.makeObjective()
        optimizer = try job.makeOptimizer(objective.model)
        plan = try job.plan()
        position = TrainingPosition()
        if job.options.precision == .fp16 { position.scaler = GradientScaler() }
        boundary = position
        guard resumes else { return }
        let header = try TrainingState.header(of: run.statePath, run: run.path)
        try job.requireSame(as: header, run: run.path)
        try TrainingState.restore(
            optimizer, statistics: objective.model.statistics, from: run.statePath, run: run.path)
        position = header.position
        boundary = position
        savedStep = position.step
        plan.generator = position.generator
    }

    /// Trains to the end, or until it is asked to stop.
    ///
    /// - Throws: `TrainingError.interrupted` after saving if it was asked to stop,
    ///   `lossNotFinite`, or what reading images and the engine throw.
    func train() async throws {
        do {
            try await trainToEnd()
        } catch {
            if savedStep == nil { run.remove() }
            if (error as? any DiagnosedError)?.kind == .cannotWrite, let savedStep {
                report(
                    .note(
                        "Step \(savedStep) is saved. Make room and go on with the same command "
                            + "and --resume."))
            }
            throw error
        }
    }

    private func trainToEnd() async throws {
        if savedStep == nil { try save() }  // from now on every stop can be resumed
        if position.epoch <= job.options.epochs, !isAtLimit { try run.cutLogs(at: position) }
        if position.step == 0, try run.epochs().isEmpty { try await evaluate(epoch: 0) }
        while position.epoch <= job.options.epochs, !isAtLimit {
            plan.generator = position.generator ?? plan.generator
            position.generator = plan.generator
            let batches = try plan.nextEpoch()
            if position.batchesPerEpoch == 0 { position.batchesPerEpoch = batches.count }
            guard position.batchesPerEpoch > 0 else {
                throw TrainingError.noBatch(
                    dataset: job.name, batchSize: job.options.batchSize)
            }
            try await trainEpoch(batches)
            try await finishEpoch(isWhole: position.batchInEpoch == batches.count)
        }
    }

    private var isAtLimit: Bool {
        job.options.maximumSteps.map { position.step >= $0 } ?? false
    }

    /// Batches of the whole training, as far as the first epoch's tell.
    private var totalSteps: Int {
        min(
            position.batchesPerEpoch * job.options.epochs, job.options.maximumSteps ?? .max)
    }

    // MARK: Steps

    private func trainEpoch(_ batches: [[Int]]) async throws {
        boundary = position
        let remaining = batches.dropFirst(position.batchInEpoch)
        let side = objective.model.vision.imageSize
        let loader = ImageLoader(
            preprocessing: job.package.settings.preprocessing, side: side,
            depth: max(16, 2 * plan.imagesPerItem * job.options.batchSize))
        let augmentation = job.augmentation
        let plan = plan
        let sources = zip(position.step..., remaining).flatMap { step, batch in
            batch.enumerated().map { place, image in
                augmentation.source(
                    of: job.images[image], step: step, position: place,
                    item: place % (batch.count / plan.imagesPerItem))
            }
        }
        var images = loader.images(of: sources).makeAsyncIterator()
        for batch in remaining {
            guard !isAtLimit else { return }
            let start = DispatchTime.now()
            var loaded = ImageBatch(side: side, capacity: batch.count)
            for _ in batch {
                guard let element = try await images.next(isolation: EngineActor.shared) else {
                    break
                }
                switch element.result {
                case .success(let image): loaded.append(image)
                case .failure(let error): throw try saved(before: error)
                }
            }
            try step(on: mirrored(loaded, places: batch), since: start)
            try saveOrStop(isLast: position.batchInEpoch == batches.count)
        }
    }

    /// One batch: forward, backward and, every `gradientAccumulation` batches, a step.
    private func step(on batch: TrainingBatch, since start: DispatchTime) throws {
        let options = job.options
        let schedule = currentSchedule
        let rate = schedule.rate(at: position.optimizerStep)
        let loss = try objective.addGradients(of: batch, scale: position.scaler?.scale ?? 1)
        guard loss.value.isFinite else {
            throw TrainingError.lossNotFinite(
                step: position.step + 1, learningRate: rate, loss: loss.value, run: run.path,
                saved: savedStep)
        }
        let completes = (position.batchInEpoch + 1) % options.gradientAccumulation == 0
        let norm = try applyGradients(rate: rate, completes: completes)

        position.step += 1
        position.batchInEpoch += 1
        position.lossSum += Double(loss.value)
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        position.seconds += seconds
        if completes { boundary = position }
        let record = StepRecord(
            step: position.step, epoch: position.epoch, loss: loss, learningRate: rate,
            gradientNorm: norm)
        try run.append(record)
        let items = batch.places.count / plan.imagesPerItem
        report(.step(record, total: totalSteps, itemsPerSecond: Double(items) / seconds))
    }

    /// Clips at every batch, as the recipe does, and steps when the accumulation is complete.
    ///
    /// - Returns: The norm of all gradients before; nil where it is not known.
    private func applyGradients(rate: Double, completes: Bool) throws -> Double? {
        var isFinite = true
        if var scaler = position.scaler {
            // Gradients stay scaled until they are complete; only then can they be clipped.
            guard completes else { return nil }
            isFinite = try scaler.unscale(optimizer)
            position.scaler = scaler
            guard !scaler.isExhausted else {
                throw TrainingError.weightsNotFinite(
                    step: position.step + 1, learningRate: rate, run: run.path, saved: savedStep)
            }
        }
        let norm =
            isFinite ? try optimizer.clipGradients(to: job.options.gradientClipping) : nil
        guard completes else { return norm }
        if isFinite {
            try optimizer.step(learningRate: rate)
            try objective.finishStep()
        }
        try optimizer.clearGradients()
        position.optimizerStep += 1
        return norm
    }

    private var currentSchedule: LearningRateSchedule {
        if let schedule { return schedule }
        let options = job.options
        let new = LearningRateSchedule(
            shape: options.schedule, peak: options.learningRate, end: options.finalLearningRate,
            batchesPerEpoch: position.batchesPerEpoch, epochs: options.epochs,
            warmupEpochs: options.warmupEpochs, accumulation: options.gradientAccumulation)
        schedule = new
        return new
    }

    /// Mirrors some images, of a pair both; which ones follows from seed and step alone.
    private func mirrored(_ batch: ImageBatch, places: [Int]) -> TrainingBatch {
        let probability = plan.allowsFlips ? job.options.flipProbability : 0
        var generator = SeededGenerator(
            seed: job.options.seed, stream: 0x666C_6970 &+ UInt64(position.step) << 32)
        let items = batch.count / plan.imagesPerItem
        let drawn = (0..<items).map { _ in generator.uniform() < probability }
        let isMirrored = places.indices.map { drawn[$0 % items] }
        let images = (0..<batch.count).map { index in
            isMirrored[index] ? batch[index].flippedHorizontally() : batch[index]
        }
        // A mirrored number is another number. And where the training is of shirts, that of a
        // crop left whole is too small to be read, and `read-number` never looks at it so.
        let onlyShirts = (job.options.augmentation?.shirt ?? 0) > 0
        return TrainingBatch(
            images: ImageBatch(images), places: places,
            keepsCaption: places.indices.map { index in
                !isMirrored[index] && !(onlyShirts && images[index].showsWholePlayer)
            })
    }

    // MARK: Ends of epochs

    /// A whole epoch is evaluated and begun anew; one cut short by `--max-steps` is evaluated.
    private func finishEpoch(isWhole: Bool) async throws {
        try optimizer.clearGradients()  // what an epoch leaves incomplete is dropped
        if isWhole { boundary = position }
        try save()
        try await evaluate(epoch: position.epoch)
        if isWhole {
            position.epoch += 1
            position.batchInEpoch = 0
            position.lossSum = 0
            position.seconds = 0
            position.generator = plan.generator
            boundary = position
        }
        try saveState()
    }

    /// Evaluates the package that was just written, and keeps it as the best if it is.
    private func evaluate(epoch: Int) async throws {
        var scores: ValidationScores?
        var isBest = epoch > 0
        if let validation = job.validation {
            let package = try ModelPackage.open(run.lastPackage)
            let device = job.options.device
            let found = try await stop.interruptible {
                try await validation.scores(of: package, device: device)
            }
            guard let found else {
                throw TrainingError.interrupted(run: run.path, step: savedStep ?? 0)
            }
            scores = found
            isBest = epoch > 0 && (position.bestScore.map { found.decisive > $0 } ?? true)
            if isBest {
                position.bestScore = found.decisive
                boundary.bestScore = found.decisive
            }
        }
        if isBest { try writePackage(run.bestPackage) }
        let record = EpochRecord(
            epoch: epoch, step: position.step,
            meanLoss: position.batchInEpoch > 0
                ? position.lossSum / Double(position.batchInEpoch) : nil,
            scores: scores, measuredOn: job.validation?.name,
            seconds: epoch > 0 ? position.seconds : nil)
        try run.append(record)
        report(.epoch(record))
    }

    // MARK: Saving

    /// Saves when it is time, and ends when it was asked to: both only between
    /// accumulations, because gradients are not part of the state.
    private func saveOrStop(isLast: Bool) throws {
        guard position.batchInEpoch % job.options.gradientAccumulation == 0 else { return }
        let unsaved = position.step - (savedStep ?? 0)
        let isDue = !isLast && unsaved >= job.options.saveInterval ?? .max
        if isDue || stop.isRequested { try save() }
        if stop.isRequested {
            throw TrainingError.interrupted(run: run.path, step: position.step)
        }
    }

    /// Saves before an image that cannot be read ends the training.
    private func saved(before error: ImageError) throws -> ImageError {
        try save()
        report(
            .note(
                "Step \(boundary.step) is saved. Replace the image and go on with the same "
                    + "command and --resume."))
        return error
    }

    private func save() throws {
        try requireFiniteWeights()
        try writePackage(run.lastPackage)
        try saveState()
    }

    private func saveState() throws {
        try TrainingState.save(
            job.header(at: boundary), optimizer: optimizer,
            statistics: objective.model.statistics, to: run.statePath)
        savedStep = boundary.step
    }

    /// Keeps the saved state from being replaced by a ruined one.
    private func requireFiniteWeights() throws {
        guard try !optimizer.isFinite() else { return }
        throw TrainingError.weightsNotFinite(
            step: position.step, learningRate: currentSchedule.rate(at: position.optimizerStep - 1),
            run: run.path, saved: savedStep)
    }

    private func writePackage(_ path: String) throws {
        var trained: [String: Tensor] = [:]
        for parameter in optimizer.parameters + objective.model.statistics {
            trained[parameter.name] = parameter.tensor
        }
        try job.writePackage(path, position: position) { name in
            try trained[name]?.floatValues()
        }
    }
}
