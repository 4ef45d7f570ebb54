// Letterbox, stretch and CLIP preprocessing against OpenCV and Pillow, pixel by pixel.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Resizing")
struct ResizingTests {
    @Test("no pixel of a drawn image differs from OpenCV's and Pillow's resizing")
    func matchesPeersOnDrawnImages() throws {
        let cases = try ResizingReference.read().drawn
        let complaints = Complaints()
        parallelForEach(count: cases.count) { index in
            let item = cases[index]
            let image = pattern(width: item.width, height: item.height)
            let expected: [(String, String?, String)] = [
                ("pattern", item.pattern, digest(image.pixels)),
                (
                    "letterbox", item.letterbox,
                    digest(Preprocessing.letterbox.prepare(image, side: item.side).pixels)
                ),
                (
                    "stretch", item.stretch,
                    digest(Preprocessing.stretch.prepare(image, side: item.side).pixels)
                ),
                (
                    "clip", item.clip,
                    digest(Preprocessing.clip.prepare(image, side: item.side).pixels)
                ),
            ]
            for (what, reference, ours) in expected where reference != nil && reference != ours {
                complaints.add("\(what) of \(item.width) x \(item.height) to \(item.side)")
            }
        }
        #expect(cases.count >= 90)
        #expect(complaints.all == [])
    }

    @Test(
        "no pixel of 500 real crops differs from OpenCV's decoding and letterbox",
        .enabled(if: SharedData.has("market1501-mini"), SharedData.reason))
    func matchesOpenCVOnRealFiles() throws {
        let reference = try ResizingReference.read()
        let complaints = Complaints()
        parallelForEach(count: reference.files.count) { index in
            let item = reference.files[index]
            do {
                let image = try source(item.path).decoded()
                guard image.width == item.width, image.height == item.height,
                    digest(image.pixels) == item.decoded
                else { return complaints.add("decoding of \(item.path)") }
                let placed = Letterbox(side: reference.side).apply(image)
                if digest(placed.pixels) != item.letterbox {
                    complaints.add("letterbox of \(item.path)")
                }
            } catch {
                complaints.add("\(error)")
            }
        }
        #expect(reference.files.count >= 500)
        #expect(complaints.all == [])
    }

    @Test(
        "no pixel of players cut out of video frames differs from OpenCV's letterbox",
        .enabled(if: SharedData.has("mot17-mini"), SharedData.reason))
    func matchesOpenCVOnBoxes() throws {
        let reference = try ResizingReference.read()
        var wrong: [String] = []
        for (path, crops) in Dictionary(grouping: reference.crops, by: \.path) {
            let frame = try source(path).decoded()
            for crop in crops {
                let part = frame.cropped(
                    to: PixelRectangle(
                        left: crop.left, top: crop.top, width: crop.width, height: crop.height))
                let placed = Letterbox(side: reference.side).apply(part)
                if digest(placed.pixels) != crop.letterbox { wrong.append("\(crop)") }
            }
        }
        #expect(reference.crops.count >= 80)
        #expect(wrong == [])
    }

    @Test(
        "centres the image and pads only the short side",
        arguments: [(64, 128), (128, 64), (1, 224), (224, 224), (500, 333)])
    func padsShortSide(width: Int, height: Int) {
        let placed = Letterbox(side: 224).placement(width: width, height: height)
        #expect(max(placed.width, placed.height) == 224)
        let right = 224 - placed.left - placed.width
        let bottom = 224 - placed.top - placed.height
        #expect((0...1).contains(right - placed.left))
        #expect((0...1).contains(bottom - placed.top))
    }

    @Test("an image too narrow for one column keeps one")
    func keepsOneColumn() {
        let placed = Letterbox(side: 224).placement(width: 1, height: 1_000)
        #expect(placed == PixelRectangle(left: 111, top: 0, width: 1, height: 224))
        let prepared = Letterbox(side: 224).apply(pattern(width: 1, height: 1_000))
        #expect(prepared.content == placed)
    }

    @Test("halves round to the even neighbour")
    func roundsHalfToEven() {
        // 5 x 16 / 32 = 2.5 and 7 x 16 / 32 = 3.5
        #expect(Letterbox(side: 16).placement(width: 5, height: 32).width == 2)
        #expect(Letterbox(side: 16).placement(width: 7, height: 32).width == 4)
    }

    @Test("a very long image needs no memory beyond its centre")
    func clipsLongImages() {
        let prepared = CLIPPreprocessing(side: 8).apply(pattern(width: 1, height: 200_000))
        #expect(prepared.pixels.count == 8 * 8 * 3)
    }

    @Test(
        "cubic weights sum to one and stay inside the input", arguments: [(7, 16), (16, 7), (5, 5)])
    func weightsSumToOne(from: Int, to: Int) {
        let weights = ResamplingWeights.bicubic(from: from, to: to)
        #expect(weights.first.count == to)
        for output in 0..<to {
            let sum = weights.weights(of: output).reduce(0, +)
            #expect(abs(sum - 1) <= Tolerance.weightSum)
            #expect(weights.first[output] >= 0)
            #expect(weights.first[output] + weights.count[output] <= from)
        }
    }
}

/// A file of the shared data as a source.
func source(_ path: String) -> ImageSource {
    ImageSource(path: SharedData.path(path))
}
