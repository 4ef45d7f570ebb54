// Tokenizes the lines of a file several times on one core and prints the seconds of each pass.
// Usage: TokenizerBenchmark VOCABULARY CAPTIONS [passes]; run.py calls it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP

let arguments = CommandLine.arguments
let vocabulary = try VocabularyFile(path: arguments[1]).vocabulary()
let captions = try String(contentsOfFile: arguments[2], encoding: .utf8)
    .split(separator: "\n").map(String.init)
let passes = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1

let clock = ContinuousClock()
var seconds: [Double] = []
var tokens = 0
for _ in 0..<passes {
    // A new one each time: what it remembers of words is part of the work.
    let tokenizer = Tokenizer(vocabulary)
    let elapsed = clock.measure {
        tokens = tokenizer.tokenize(captions).reduce(0) { $0 + $1.wholeCount }
    }
    seconds.append(elapsed / .seconds(1))
}
print("{\"captions\": \(captions.count), \"tokens\": \(tokens), \"seconds\": \(seconds)}")
