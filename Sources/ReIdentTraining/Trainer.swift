// Fine-tunes the image encoder image-to-image with InfoNCE, as CLIP-ReIdent does.
// Recipe: Habel, Deuser, Oswald, CLIP-ReIdent, MMSports 2022 (docs/ARCHITECTURE.md lists it).
//
// SPDX-License-Identifier: MIT

import Dispatch
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages
import ReIdentMetrics

/// What a training tells while it runs.
public enum TrainingEvent: Sendable {
    /// A batch is done; `total` counts the batches of the whole training.
    case step(StepRecord, total: Int, pairsPerSecond: Double)
    /// An epoch was evaluated, or the start.
    case epoch(EpochRecord)
    /// Something the user should know, in a sentence.
    case note(String)
}

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

    private let model: any VisionEncoder
    private let logitScale: Tensor
    private let optimizer: AdamW
    private let loss: InfoNCE
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
        let device = try Device.named(job.options.device)
        model = try job.package.makeEncoder(
            form: .trainable(job.options.precision), device: device)
        guard model.canUseCheckpoints || !job.options.usesGradientCheckpointing else {
            throw ReIdentError.unsupported(
                option: "Gradient checkpointing of a ResNet", instead: "Use a smaller batch.")
        }
        model.usesCheckpoints = job.options.usesGradientCheckpointing
        model.usesBatchStatistics = true
        let tensors = WeightTensors(job.package, device: device, isTrainable: true)
        logitScale = try tensors["logit_scale"]
        optimizer = try AdamW(
            model.parameters + tensors.parameters,
            options: AdamW.Options(weightDecay: job.options.weightDecay))
        loss = InfoNCE(labelSmoothing: job.options.labelSmoothing)
        plan = try job.plan()
        position = TrainingPosition()
        if job.options.precision == .fp16 { position.scaler = GradientScaler() }
        boundary = position
        guard resumes else { return }
        let header = try TrainingState.header(of: run.statePath, run: run.path)
        try job.requireSame(as: header, run: run.path)
        try TrainingState.restore(
            optimizer, statistics: model.statistics, from: run.statePath, run: run.path)
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

    private func trainEpoch(_ batches: [[ImagePair]]) async throws {
        boundary = position
        let remaining = batches.dropFirst(position.batchInEpoch)
        let loader = ImageLoader(
            preprocessing: job.package.settings.preprocessing, side: model.imageSize,
            depth: max(16, 4 * job.options.batchSize))
        let augmentation = job.augmentation
        let sources = zip(position.step..., remaining).flatMap { step, batch in
            (batch.map(\.query) + batch.map(\.gallery)).enumerated().map { place, image in
                augmentation.source(of: job.images[image], step: step, position: place)
            }
        }
        var images = loader.images(of: sources).makeAsyncIterator()
        for batch in remaining {
            guard !isAtLimit else { return }
            let start = DispatchTime.now()
            var loaded = ImageBatch(side: model.imageSize, capacity: 2 * batch.count)
            for _ in 0..<2 * batch.count {
                guard let element = try await images.next(isolation: EngineActor.shared) else {
                    break
                }
                switch element.result {
                case .success(let image): loaded.append(image)
                case .failure(let error): throw try saved(before: error)
                }
            }
            if plan.allowsFlips { loaded = flipped(loaded, step: position.step) }
            try step(on: loaded, since: start)
            try saveOrStop(isLast: position.batchInEpoch == batches.count)
        }
    }

    /// One batch: forward, backward and, every `gradientAccumulation` batches, a step.
    private func step(on batch: ImageBatch, since start: DispatchTime) throws {
        let options = job.options
        let schedule = currentSchedule
        let rate = schedule.rate(at: position.optimizerStep)
        let value = try loss(model(batch), logitScale: logitScale)
        let lossValue = try value.item()
        guard lossValue.isFinite else {
            throw TrainingError.lossNotFinite(
                step: position.step + 1, learningRate: rate, loss: lossValue, run: run.path,
                saved: savedStep)
        }
        try (position.scaler.map { try value.scaled(by: $0.scale) } ?? value).backward()
        let completes = (position.batchInEpoch + 1) % options.gradientAccumulation == 0
        try applyGradients(rate: rate, completes: completes)

        position.step += 1
        position.batchInEpoch += 1
        position.lossSum += Double(lossValue)
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        position.seconds += seconds
        if completes { boundary = position }
        let record = StepRecord(
            step: position.step, epoch: position.epoch, loss: lossValue, learningRate: rate)
        try run.append(record)
        report(
            .step(
                record, total: totalSteps, pairsPerSecond: Double(batch.count / 2) / seconds))
    }

    /// Clips at every batch, as the recipe does, and steps when the accumulation is complete.
    private func applyGradients(rate: Double, completes: Bool) throws {
        var isFinite = true
        if var scaler = position.scaler {
            // Gradients stay scaled until they are complete; only then can they be clipped.
            guard completes else { return }
            isFinite = try scaler.unscale(optimizer)
            position.scaler = scaler
            guard !scaler.isExhausted else {
                throw TrainingError.weightsNotFinite(
                    step: position.step + 1, learningRate: rate, run: run.path, saved: savedStep)
            }
        }
        if let norm = job.options.gradientClipping, isFinite {
            try optimizer.clipGradients(to: norm)
        }
        guard completes else { return }
        if isFinite { try optimizer.step(learningRate: rate) }
        try optimizer.clearGradients()
        position.optimizerStep += 1
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

    /// Mirrors some pairs, both images of each; which ones follows from seed and step alone.
    private func flipped(_ batch: ImageBatch, step: Int) -> ImageBatch {
        guard job.options.flipProbability > 0 else { return batch }
        var generator = SeededGenerator(
            seed: job.options.seed, stream: 0x666C_6970 &+ UInt64(step) << 32)
        let pairs = batch.count / 2
        let mirrored = (0..<pairs).map { _ in generator.uniform() < job.options.flipProbability }
        return ImageBatch(
            (0..<batch.count).map { index in
                mirrored[index % pairs] ? batch[index].flippedHorizontally() : batch[index]
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
        var record = EpochRecord(
            epoch: epoch, step: position.step,
            meanLoss: position.batchInEpoch > 0
                ? position.lossSum / Double(position.batchInEpoch) : nil,
            meanAveragePrecision: nil, rankOne: nil, measuredOn: nil,
            seconds: epoch > 0 ? position.seconds : nil)
        var isBest = epoch > 0
        if let validation = job.validation {
            let source = epoch == 0 ? job.package : try ModelPackage.open(run.lastPackage)
            let device = job.options.device
            let found = try await stop.interruptible {
                try await validation.scores(of: source, device: device)
            }
            guard let scores = found else {
                throw TrainingError.interrupted(run: run.path, step: savedStep ?? 0)
            }
            record = EpochRecord(
                epoch: epoch, step: position.step, meanLoss: record.meanLoss,
                meanAveragePrecision: scores.meanAveragePrecision,
                rankOne: scores.cumulativeMatching[.market1501]?[1],
                measuredOn: validation.name, seconds: record.seconds)
            let best = position.bestMeanAveragePrecision
            isBest = epoch > 0 && (best.map { scores.meanAveragePrecision > $0 } ?? true)
            if isBest {
                position.bestMeanAveragePrecision = scores.meanAveragePrecision
                boundary.bestMeanAveragePrecision = scores.meanAveragePrecision
            }
        }
        if isBest { try writePackage(run.bestPackage) }
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
            job.header(at: boundary), optimizer: optimizer, statistics: model.statistics,
            to: run.statePath)
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
        for parameter in optimizer.parameters + model.statistics {
            trained[parameter.name] = parameter.tensor
        }
        try job.writePackage(path, position: position) { name in
            try trained[name]?.floatValues()
        }
    }
}
