// The lines of a training's logs.
//
// SPDX-License-Identifier: MIT

import ReIdentMetrics

/// A line of `steps.jsonl`.
public struct StepRecord: Codable, Sendable, Equatable {
    /// The batch, counted from 1 over all epochs.
    public let step: Int
    /// The epoch, counted from 1.
    public let epoch: Int
    /// The batch's loss.
    public let loss: Float
    /// The learning rate of the optimiser step that this batch belongs to.
    public let learningRate: Double
    /// The part of the loss between images and captions, before it is weighted; nil without one.
    public let textLoss: Float?
    /// What similarities of images and captions are multiplied by; nil without pretraining.
    public let logitScale: Float?
    /// Norm of all gradients together, before they are clipped.
    ///
    /// With accumulated gradients it is that of the sum so far. Nil where products in half
    /// precision overflowed or gradients are not complete.
    public let gradientNorm: Double?

    enum CodingKeys: String, CodingKey {
        case step, epoch, loss
        case learningRate = "learning_rate"
        case textLoss = "text_loss"
        case logitScale = "logit_scale"
        case gradientNorm = "gradient_norm"
    }

    init(
        step: Int, epoch: Int, loss: BatchLoss, learningRate: Double, gradientNorm: Double?
    ) {
        self.step = step
        self.epoch = epoch
        self.loss = loss.value
        self.learningRate = learningRate
        textLoss = loss.text
        logitScale = loss.logitScale
        self.gradientNorm = gradientNorm
    }
}

/// A line of `epochs.jsonl`.
public struct EpochRecord: Codable, Sendable, Equatable {
    /// The epoch, counted from 1; 0 is before the first step.
    public let epoch: Int
    /// Batches so far.
    public let step: Int
    /// Mean loss of the epoch's batches; nil before the first.
    public let meanLoss: Double?
    /// Mean average precision on the validation players; nil without any.
    public let meanAveragePrecision: Double?
    /// Rank-1 under the Market-1501 rule on the validation players; nil without any.
    public let rankOne: Double?
    /// Share of validation images whose nearest caption is their own; nil without captions.
    public let imageToText: Double?
    /// Share of validation captions whose nearest image is one of theirs; nil without captions.
    public let textToImage: Double?
    /// How many different captions there were to choose from; nil without captions.
    public let captions: Int?
    /// What the figures were measured on: `validation`, `test` or nil.
    public let measuredOn: String?
    /// Seconds the epoch's steps took.
    public let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case epoch, step, seconds, captions
        case meanLoss = "loss"
        case meanAveragePrecision = "mAP"
        case rankOne = "rank1"
        case imageToText = "image_to_text"
        case textToImage = "text_to_image"
        case measuredOn = "measured_on"
    }

    /// Scores of an epoch; nil where nothing was measured.
    init(
        epoch: Int, step: Int, meanLoss: Double?, scores: ValidationScores?, measuredOn: String?,
        seconds: Double?
    ) {
        self.epoch = epoch
        self.step = step
        self.meanLoss = meanLoss
        meanAveragePrecision = scores?.players?.meanAveragePrecision
        rankOne = scores?.players?.cumulativeMatching[.market1501]?[1]
        imageToText = scores?.captions?.imageToText
        textToImage = scores?.captions?.textToImage
        captions = scores?.captions?.count
        self.measuredOn = measuredOn
        self.seconds = seconds
    }

    /// Every key is there, so that a script need not ask: null where nothing was measured.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(epoch, forKey: .epoch)
        try container.encode(step, forKey: .step)
        try container.encode(meanLoss, forKey: .meanLoss)
        try container.encode(meanAveragePrecision, forKey: .meanAveragePrecision)
        try container.encode(rankOne, forKey: .rankOne)
        try container.encode(imageToText, forKey: .imageToText)
        try container.encode(textToImage, forKey: .textToImage)
        try container.encode(captions, forKey: .captions)
        try container.encode(measuredOn, forKey: .measuredOn)
        try container.encode(seconds, forKey: .seconds)
    }
}
