// Tests of what computes need the engine; without it they are skipped, not failed.
//
// SPDX-License-Identifier: MIT

public import Testing

/// What a skipped engine test says.
public enum EngineRequirement {
    /// Why a test without the engine is skipped.
    public static let reason: Comment = "needs the engine, which `make setup` builds"
}
