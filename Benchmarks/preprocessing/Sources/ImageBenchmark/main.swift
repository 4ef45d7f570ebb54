// Prepares every image of a folder several times and prints the seconds of each pass as JSON; with
// `quality` it looks at how good the crops are instead.
// Usage: ImageBenchmark FOLDER [letterbox|clip|stretch|quality] [side] [passes]; run.py calls it.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentImages

let arguments = CommandLine.arguments
let folder = arguments.count > 1 ? arguments[1] : "."
let preprocessing = Preprocessing(rawValue: arguments.count > 2 ? arguments[2] : "") ?? .letterbox
let side = arguments.count > 3 ? Int(arguments[3]) ?? 224 : 224
let passes = arguments.count > 4 ? Int(arguments[4]) ?? 1 : 1

let sources = try ImageListing(folder: folder).images.map {
    ImageSource(path: "\(folder)/\($0)")
}
let loader = ImageLoader(preprocessing: preprocessing, side: side)
let clock = ContinuousClock()
var seconds: [Double] = []
for _ in 0..<passes {
    var pixels = 0
    if arguments.count > 2, arguments[2] == "quality" {
        var measured = 0
        let elapsed = clock.measure {
            measured = ImageSource.seen(sources, ImageQuality.init).count { (try? $0.get()) != nil }
        }
        precondition(measured == sources.count, "some image could not be read")
        seconds.append(elapsed / .seconds(1))
        continue
    }
    let elapsed = try await clock.measure {
        for try await loaded in loader.batches(of: sources, size: 32) {
            pixels += loaded.batch.pixels.count
            for failure in loaded.failures { print(failure.error) }
        }
    }
    precondition(pixels == sources.count * side * side * 3, "some image could not be prepared")
    seconds.append(elapsed / .seconds(1))
}
print("{\"images\": \(sources.count), \"seconds\": \(seconds)}")
