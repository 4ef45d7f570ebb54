// Readers of boxes in frames and of galleries on disk.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentIndex
import ReIdentMetrics

extension FuzzTarget {
    /// Boxes of any form, told apart by their contents.
    static let boxes = FuzzTarget(
        name: "boxes",
        read: { bytes in
            let read = try bytes.withUnsafeBytes { raw in
                try BoxFile.read(raw, path: "folder/000001.txt")
            }
            for box in read.boxes {
                _ = box.pixels(frameWidth: 1920, frameHeight: 1080)
            }
        },
        seeds: {
            utf8([
                "1,7,10.5,20,30,60,1,1,0.9\n2,-1,1,2,3,4,0.5,-1,-1,-1\n",
                "0 0.5 0.5 0.1 0.25\n1 0.25 0.5 0.1 0.25 0.875\n",
                "path,left,top,width,height,identity,camera\na.png,1,2,3,4,seven,\n",
                "frame,left,top,width,height,confidence,class\n3,1,2,3,4,0.5,player\n",
                """
                {"images": [{"id": 1, "file_name": "a.png", "width": 640, "height": 480}],
                 "categories": [{"id": 2, "name": "player"}],
                 "annotations": [{"id": 5, "image_id": 1, "category_id": 2, "iscrowd": 0,
                 "bbox": [1, 2.5, 30, 40], "track_id": 9}]}
                """,
            ])
        })

    /// A gallery on disk.
    static let index = FuzzTarget(
        name: "index",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "input.index")
            let index = try VectorIndex.open(path)
            precondition(index.entries.count == index.vectors.count)
        },
        seeds: {
            try [0, 1, 3].map { count in
                let index = try VectorIndex(
                    entries: (0..<count).map {
                        .init(path: "/g/\($0).png", identity: $0 == 1 ? nil : "p\($0)")
                    },
                    vectors: EmbeddingMatrix(
                        values: (0..<count).flatMap { _ in [0.6, 0.8] as [Float] }, count: count,
                        dimension: 2),
                    origin: IndexOrigin(
                        texts: [
                            "model": "0123", "precision": "fp32", "preprocess": "letterbox",
                            "tokens": "all", "flip_average": "false",
                        ], package: "/models/one"))
                let path = "\(Scratch.shared.path)/seed.index"
                try index.write(to: path, force: true)
                return try Array(Data(contentsOf: URL(filePath: path)))
            }
        })
}
