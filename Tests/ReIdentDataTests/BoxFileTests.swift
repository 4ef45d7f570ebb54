// Files of boxes in every form, and what is said of wrong ones.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Files of boxes")
struct BoxFileTests {
    private func read(_ text: String, name: String = "boxes") throws -> BoxFile {
        var text = text
        return try text.withUTF8 { bytes in
            Result { () throws(DataError) in
                try BoxFile.read(UnsafeRawBufferPointer(bytes), path: name)
            }
        }.get()
    }

    @Test("MOT annotations: ids, classes, and rows that are marked as not to be used")
    func annotations() throws {
        let file = try read("1,7,10,20,30.5,40,1,1,0.8\r\n1,8,1,2,3,4,0,8,1\n2,-1,1,2,3,4,1,1,1\n")
        #expect(file.format == .mot)
        #expect(file.ignored == 1)
        #expect(file.boxes.map(\.identity) == ["7", nil])
        #expect(file.boxes.map(\.frame) == [.number(1), .number(2)])
        #expect(file.boxes[0].area == .init(left: 10, top: 20, width: 30.5, height: 40))
        #expect(file.boxes[0].category == "1")
        #expect(file.boxes[1].place == "boxes: line 3")
    }

    @Test("MOT detections and tracks: a confidence instead of a flag")
    func detections() throws {
        let file = try read("69, -1, 912.8, 482.9, 97.6, 112.6, 0\n70,3,1,2,3,4,0.5,-1,-1,-1\n")
        #expect(file.boxes.map(\.confidence) == [0, 0.5])
        #expect(file.boxes.map(\.identity) == [nil, "3"])
        #expect(file.ignored == 0)
    }

    @Test("COCO: names of frames, categories, tracks and attributes, sizes, crowds")
    func coco() throws {
        let file = try read(
            """
            {"images": [{"id": 5, "file_name": "a/1.jpg", "width": 64, "height": 48,
                         "camera": "north"}, {"id": "x", "file_name": "2.jpg"}],
             "categories": [{"id": 1, "name": "player"}, {"id": 2, "name": "ball"}],
             "annotations": [
               {"id": 9, "image_id": 5, "bbox": [1, 2.5, 3, 4], "category_id": 1, "track_id": 12},
               {"id": 10, "image_id": "x", "bbox": [0, 0, 9, 9], "category_id": 2, "score": 0.75,
                "attributes": {"player_id": "Kim", "jersey_number": "00"}},
               {"id": 11, "image_id": 5, "bbox": [0, 0, 1, 1], "iscrowd": 1}]}
            """)
        #expect(file.format == .coco)
        #expect(file.ignored == 1)
        #expect(file.boxes.map(\.identity) == ["12", "Kim"])
        #expect(file.boxes.map(\.category) == ["player", "ball"])
        #expect(file.boxes.map(\.camera) == ["north", nil])
        #expect(file.boxes[1].number == "00")
        #expect(file.boxes[1].confidence == 0.75)
        #expect(file.boxes[0].frame == .path("a/1.jpg"))
        #expect(file.sizes[.path("a/1.jpg")]?.height == 48)
        #expect(file.boxes[0].place == "boxes: annotation 1 (id 9)")
    }

    @Test("YOLO: centres and shares; the sixth field is a track where all are whole numbers")
    func yolo() throws {
        let file = try read("0 0.5 0.5 0.25 0.5\n2 0.1 0.2 0.1 0.1 17\n", name: "x/f01.txt")
        #expect(file.format == .yolo)
        #expect(file.boxes[0].frame == .stem("f01"))
        #expect(
            file.boxes[0].pixels(frameWidth: 200, frameHeight: 100)
                == .init(left: 75, top: 25, width: 50, height: 50))
        #expect(file.boxes.map(\.identity) == [nil, "17"])
        #expect(file.boxes.map(\.category) == ["0", "2"])
        let sure = try read("0 .5 .5 .2 .5 0.9\n0 .5 .5 .2 .5 1\n0 .5 .5 .2 .5 0.8 4\n")
        #expect(sure.boxes.map(\.identity) == [nil, nil, "4"])
        #expect(sure.boxes.map(\.confidence) == [0.9, 1, 0.8])
    }

    @Test("a folder of YOLO's files names frames by their paths")
    func yoloFolder() throws {
        let folder = try TemporaryFolder()
        for (name, text) in [
            ("a/1.txt", "0 .5 .5 .2 .5\n"), ("a/2.txt", ""), ("classes.txt", "player\n"),
        ] {
            let url = URL(filePath: folder.file(name))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        let file = try BoxFile.read(folder.path)
        #expect(file.boxes.map(\.frame) == [.stem("a/1")])
        #expect(file.boxes[0].place.hasSuffix("a/1.txt: line 1"))
    }

    @Test("CSV: frames by path or number, and everything that may be known")
    func table() throws {
        let file = try read(
            "path,left,top,width,height,identity,camera,number,class,confidence\n"
                + "a.jpg, 1 ,2,3,4,\"Kim, A.\",2,7,player,0.5\nb.jpg,1,2,3,4,,,,,\n")
        #expect(file.format == .table)
        #expect(file.boxes.map(\.frame) == [.path("a.jpg"), .path("b.jpg")])
        #expect(file.boxes.map(\.identity) == ["Kim, A.", nil])
        #expect(file.boxes[0].camera == "2" && file.boxes[0].number == "7")
        #expect(file.boxes.map(\.confidence) == [0.5, nil])
        let numbered = try read("frame,left,top,width,height\n12,1,2,3,4\n")
        #expect(numbered.boxes[0].frame == .number(12))
    }

    @Test(
        "what is wrong is refused, with the line",
        arguments: [
            ("", "is empty"), (" \n\n", "is empty"), ("[1, 2]", "JSON list"),
            ("hello world", "no known form"), ("1,2,3\n", "line 1: has 3 fields"),
            ("1,2,3,4,5,6\n1,2,x,4,5,6\n", "line 2: the left is no number"),
            ("1.5,2,3,4,5,6\n", "line 1: the frame is 1.5"),
            ("1,1e30,3,4,5,6\n", "line 1: the id is 1e+30"),
            ("1,2,nan,4,5,6\n", "line 1: the box's left is nan"),
            ("1,2,3,4,-5,6\n", "line 1: the box's width is -5.0"),
            ("1,2,3,4,5,inf\n", "line 1: the box's height is inf"),
            ("{", "line 1: is no JSON"), ("{\n\"images\": [],\n]", "line 3: is no JSON"),
            ("{\"images\": []}", "no lists"),
            ("{\"images\": [{}], \"annotations\": []}", "image 1 has no 'id'"),
            (
                "{\"images\": [], \"annotations\": [{\"image_id\": 1, \"bbox\": [1,2,3,4]}]}",
                "annotation 1: its image_id 1 is no image"
            ),
            (
                "{\"images\": [{\"id\": 1, \"file_name\": \"a\"}], "
                    + "\"annotations\": [{\"image_id\": 1, \"bbox\": [1,2,3]}]}",
                "annotation 1: its 'bbox' is not four numbers"
            ),
            (
                "{\"images\": [{\"id\": 1, \"file_name\": \"a\"}], "
                    + "\"annotations\": [{\"image_id\": 1, \"bbox\": [1,2,-3,4]}]}",
                "annotation 1: the box's width is -3.0"
            ),
            ("0 0.5 0.5\n", "line 1: has 3 fields"),
            ("0 .1 .1 .1 .1\n0 320 240 64 128\n", "line 2: field 2 is 320"),
            ("0 .1 .1 .1 x\n", "line 1: field 5, 'x'"),
            ("0 .1 .1 .1 .1 .2 .3 .4 .5\n", "Outlines are not read"),
            ("left,top,width,height\n1,2,3,4\n", "neither a column 'path' nor 'frame'"),
            ("path,left,top,width\n", "the column 'height' is missing"),
            ("frame,left,top,width,height\nx,1,2,3,4\n", "line 2: the frame 'x'"),
            ("frame,left,top,width,height\n1,1,2,3,\n", "line 2: the height '' is no number"),
        ])
    func refuses(text: String, said: String) {
        let error = #expect(throws: DataError.self) { try read(text) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("boxes") == true)
    }

    @Test("frames are found by number, path, name or stem; missing and ambiguous ones are named")
    func frames() throws {
        let folder = try TemporaryFolder()
        for name in ["img1/000001.jpg", "img1/000012.png", "other/000012.jpg", "cam2_frame3.jpg"] {
            let url = URL(filePath: folder.file(name))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
        let listing = try FrameListing(path: folder.path)
        func path(_ frame: FrameBox.Frame) throws -> String {
            let area = FrameBox.Area(left: 0, top: 0, width: 1, height: 1)
            let box = FrameBox(frame: frame, area: area, place: "b: line 4")
            return listing.frames[try listing.place(of: box)]
        }
        #expect(try path(.number(1)) == "img1/000001.jpg")
        #expect(try path(.number(3)) == "cam2_frame3.jpg")
        #expect(try path(.path("./img1/000012.png")) == "img1/000012.png")
        #expect(try path(.path("train/000001.jpg")) == "img1/000001.jpg")
        #expect(try path(.stem("other/000012")) == "other/000012.jpg")
        #expect(try path(.stem("labels/000001")) == "img1/000001.jpg")
        let missing = #expect(throws: DataError.self) { try path(.number(99)) }
        #expect(missing?.kind == .inputNotFound)
        #expect(missing?.description.hasPrefix("b: line 4: there is no frame number 99") == true)
        let several = #expect(throws: DataError.self) { try path(.number(12)) }
        #expect(several?.kind == .badData)
        #expect(several?.description.contains("'img1/000012.png', 'other/000012.jpg'") == true)
    }

    @Test(
        "the annotations of MOT17 are read",
        .enabled(if: SharedData.has("mot17-mini"), SharedData.reason))
    func motChallenge() throws {
        let path = SharedData.path(
            "mot17-mini/assets/MOT17-mini/train/MOT17-04-FRCNN/gt/gt.txt")
        let file = try BoxFile.read(path)
        #expect(file.boxes.count == 336)
        #expect(Set(file.boxes.compactMap(\.identity)).count == 42)
        #expect(file.ignored == 456)
    }
}
