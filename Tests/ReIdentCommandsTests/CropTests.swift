// `crop`: every form of boxes gives the same data set, and what is wrong is said.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Crop")
struct CropTests {
    /// Two frames of noise, 64 x 48 pixels, whose numbers are 1 and 2.
    private func frames(_ place: Workplace) throws -> String {
        try place.image("frames/000001.png", seed: 1, width: 64, height: 48)
        try place.image("frames/000002.png", seed: 2, width: 64, height: 48)
        return place.file("frames")
    }

    private func frame(_ place: Workplace, _ name: String) throws -> Image {
        try ImageSource(path: place.file("frames/\(name)")).decoded()
    }

    @Test(
        "MOT, COCO, YOLO and CSV give the frame's pixels and the same players",
        arguments: ["mot", "coco", "yolo", "csv"])
    func forms(form: String) throws {
        let place = try Workplace()
        let frames = try frames(place)
        let boxes: String
        switch form {
        case "mot":
            boxes = try place.write("1,7,8,4,16,40\n2,7,10,4,16,40\n2,9,-8,12,16,36\n", to: "b")
        case "coco":
            boxes = try place.write(
                """
                {"images": [{"id": 1, "file_name": "000001.png", "width": 64, "height": 48},
                            {"id": 2, "file_name": "000002.png"}],
                 "annotations": [{"image_id": 1, "bbox": [8, 4, 16, 40], "track_id": 7},
                  {"image_id": 2, "bbox": [10, 4, 16, 40], "track_id": 7},
                  {"image_id": 2, "bbox": [-8, 12, 16, 36], "track_id": 9}]}
                """, to: "b.json")
        case "yolo":
            try place.write("0 0.25 0.5 0.25 0.8333333333 7\n", to: "labels/000001.txt")
            try place.write(
                "0 0.28125 0.5 0.25 0.8333333333 7\n0 0 0.625 0.25 0.75 9\n",
                to: "labels/000002.txt")
            boxes = place.file("labels")
        default:
            boxes = try place.write(
                "path,identity,left,top,width,height\n000001.png,7,8,4,16,40\n"
                    + "000002.png,7,10,4,16,40\n000002.png,9,-8,12,16,36\n", to: "b.csv")
        }
        let out = place.file("data")
        let run = try reident(
            "crop", frames, "--boxes", boxes, "--out", out, "--margin", "0", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.object()
        #expect(report["crops"] as? Int == 3)
        #expect(report["identities"] as? Int == 2)
        #expect(report["frames"] as? Int == 2)

        let data = try Dataset(path: out)
        #expect(data.images.map(\.identity) == ["7", "7", "9"])
        #expect(data.queries(in: .test).map(\.identity) == ["7", "9"])
        let crops = try data.images.map { try ImageSource($0.source).decoded() }
        let (first, second) = (try frame(place, "000001.png"), try frame(place, "000002.png"))
        #expect(crops[0] == first.cropped(to: .init(left: 8, top: 4, width: 16, height: 40)))
        #expect(crops[1] == second.cropped(to: .init(left: 10, top: 4, width: 16, height: 40)))
        #expect(crops[2] == second.cropped(to: .init(left: 0, top: 12, width: 8, height: 36)))
    }

    @Test("the manifest says how much of a crop another box covers")
    func others() throws {
        let place = try Workplace()
        let frames = try frames(place)
        let boxes = try place.write(
            "1,7,8,4,16,40\n1,8,12,4,16,40\n1,9,24,4,16,20\n2,7,8,4,16,40\n", to: "b")
        let out = place.file("data")
        let run = try reident(
            "crop", frames, "--boxes", boxes, "--out", out, "--margin", "0", "--minimum-height",
            "16")
        #expect(run.status == 0, "\(run.errors)")
        let data = try Dataset(path: out)
        let others = data.images.map { "\($0.identity) \($0.others ?? -1)" }
        #expect(others.sorted() == ["7 0.0", "7 0.75", "8 0.75", "9 0.25"])
    }

    @Test("crops of nobody are the challenge part's gallery; boxes outside and too small are told")
    func leftOut() throws {
        let place = try Workplace()
        let boxes = try place.write(
            "1,-1,8,4,16,40,0.9\n1,-1,70,4,16,40,0.9\n2,-1,8,4,16,20,0.9\n2,-1,8,4,16,40,0.1\n",
            to: "det.txt")
        let run = try reident(
            "crop", frames(place), "--boxes", boxes, "--out", place.file("data"),
            "--minimum-confidence", "0.5", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.object()
        #expect(report["crops"] as? Int == 1)
        #expect(report["unlabelled"] as? Int == 1)
        #expect(report["boxes"] as? Int == 3)
        #expect(report["too_small"] as? Int == 1)
        let outside = try #require(report["outside"] as? [[String: Any]])
        #expect(outside.count == 1)
        #expect((outside[0]["place"] as? String)?.hasSuffix("det.txt: line 2") == true)
        #expect(outside[0]["box"] as? [Double] == [70, 4, 16, 40])
        #expect(run.errors.contains("reident: warning: \(boxes): line 2: the box lies outside"))
        let data = try Dataset(path: place.file("data"))
        #expect(data.gallery(in: .challenge).count == 1)
        #expect(!data.images[0].isLabelled)
    }

    @Test("classes and the part can be chosen")
    func classes() throws {
        let place = try Workplace()
        let boxes = try place.write(
            "frame,class,identity,number,left,top,width,height\n1,player,a,10,0,0,20,40\n"
                + "1,ball,b,,0,0,20,40\n2,keeper,c,01,0,0,20,40\n", to: "b.csv")
        let run = try reident(
            "crop", frames(place), "--boxes", boxes, "--out", place.file("data"), "--class",
            "player", "--class", "keeper", "--split", "train")
        #expect(run.status == 0, "\(run.errors)")
        let data = try Dataset(path: place.file("data"))
        #expect(data.train.map(\.identity) == ["a", "c"])
        #expect(data.train.map(\.number) == ["10", "01"])
        let none = try reident(
            "crop", place.file("frames"), "--boxes", boxes, "--out", place.file("x"), "--class",
            "dog")
        expectFailure(none, code: 65, saying: ["Its classes: ball, keeper, player"])
    }

    @Test("a bad frame ends the work and leaves nothing; --skip-bad lists it")
    func badFrame() throws {
        let place = try Workplace()
        let frames = try frames(place)
        try place.write("no image", to: "frames/000002.png")
        let boxes = try place.write("1,1,0,0,20,40\n2,1,0,0,20,40\n", to: "b.txt")
        let refused = try reident("crop", frames, "--boxes", boxes, "--out", place.file("data"))
        expectFailure(refused, code: 65, saying: ["000002.png"])
        #expect(try place.names() == ["b.txt", "frames"])
        let run = try reident(
            "crop", frames, "--boxes", boxes, "--out", place.file("data"), "--skip-bad", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let bad = try #require(try run.object()["bad_images"] as? [[String: Any]])
        #expect(bad.count == 1 && bad[0]["path"] as? String == "\(frames)/000002.png")
    }

    @Test("a missing frame is 66, a wrong size and no crop at all 65, an existing output 73")
    func refusals() throws {
        let place = try Workplace()
        let frames = try frames(place)
        let out = place.file("data")
        func crop(_ text: String) throws -> ProgramResult {
            try reident(
                "crop", frames, "--boxes", place.write(text, to: "b"), "--out", out)
        }
        expectFailure(
            try crop("1,1,0,0,9,40\n5,1,0,0,9,40\n"), code: 66,
            saying: ["line 2: there is no frame number 5 in \(frames)"])
        let sized = """
            {"images": [{"id": 1, "file_name": "000001.png", "width": 32, "height": 24}],
             "annotations": [{"image_id": 1, "bbox": [0, 0, 9, 40]}]}
            """
        expectFailure(try crop(sized), code: 65, saying: ["32 x 24 pixels", "64 x 48"])
        expectFailure(
            try crop("1,1,0,0,9,9\n1,1,99,0,9,40\n"), code: 65,
            saying: ["1 outside their frame", "1 with fewer than 32 rows"])
        #expect(try crop("1,1,0,0,9,40\n").status == 0)
        expectFailure(try crop("1,1,0,0,9,40\n"), code: 73, saying: ["--force"])
        expectFailure(
            try reident("crop", frames, "--boxes", place.file("none"), "--out", out + "2"), code: 66
        )
        expectFailure(
            try reident("crop", frames, "--boxes", place.file("b"), "--out", out, "--margin", "-1"),
            code: 64)
    }

    @Test(
        "the pedestrians of MOT17 become a data set",
        .enabled(if: SharedData.has("mot17-mini"), SharedData.reason))
    func motChallenge() throws {
        let place = try Workplace()
        let sequence = SharedData.path("mot17-mini/assets/MOT17-mini/train/MOT17-02-FRCNN")
        let run = try reident(
            "crop", sequence, "--boxes", sequence + "/gt/gt.txt", "--out", place.file("data"),
            "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.object()
        let (crops, small) = (report["crops"] as? Int ?? 0, report["too_small"] as? Int ?? 0)
        #expect(crops + small == 88)
        #expect(crops > 60)
        #expect(report["ignored"] as? Int == 68)
        let data = try Dataset(path: place.file("data"))
        #expect(data.images.count == crops)
    }
}
