// Every numeric tolerance of the tests, each with its reason. Tests take them from here only.
//
// SPDX-License-Identifier: MIT

/// How far a result may lie from its reference, and why that far.
public enum Tolerance {
}
