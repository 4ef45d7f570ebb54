// Reads boxes in COCO's JSON form.
// Form: cocodataset.org, "Data format"; tracks and attributes as CVAT exports them.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// Reads `images`, `annotations` with their `bbox`, and `categories`.
///
/// Who is in a box is `identity`, `track_id` or `player_id`, of the annotation or of its
/// `attributes`; `camera` may also stand with the image; a shirt's number is `number` or
/// `jersey_number`. Crowds (`iscrowd`) are left out.
enum COCOBoxes {
    private struct Picture {
        let frame: FrameBox.Frame
        let camera: String?
    }

    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(DataError) -> BoxFile {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = UnsafeRawBufferPointer(
            rebasing: bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0))
        let root: StrictJSON
        do throws(StrictJSON.Problem) {
            root = try StrictJSON.parse(bytes)
        } catch {
            let line = bytes.prefix(error.offset).count { $0 == 0x0A } + 1
            throw .badData(
                "\(path): line \(line): is no JSON: \(error.reason) (byte \(error.offset)).")
        }
        guard let annotations = root["annotations"]?.elements, let images = root["images"]?.elements
        else {
            throw .badData(
                "\(path): has no lists 'images' and 'annotations', so it is not COCO's form.")
        }
        var result = BoxFile(path: path, format: .coco)
        let pictures = try self.pictures(images, path: path, sizes: &result.sizes)
        let categories = categories(root["categories"]?.elements ?? [])
        for (position, annotation) in annotations.enumerated() {
            let id = annotation["id"].flatMap(name).map { " (id \($0))" } ?? ""
            let place = "\(path): annotation \(position + 1)\(id)"
            if annotation["iscrowd"]?.double == 1 {
                result.ignored += 1
                continue
            }
            result.boxes.append(
                try box(annotation, place: place, pictures: pictures, categories: categories))
        }
        return result
    }

    private static func pictures(
        _ images: [StrictJSON], path: String, sizes: inout [FrameBox.Frame: BoxFile.Size]
    ) throws(DataError) -> [String: Picture] {
        var pictures: [String: Picture] = [:]
        for (position, image) in images.enumerated() {
            guard let id = image["id"].flatMap(name), let file = image["file_name"]?.text,
                !file.isEmpty
            else {
                throw .badData("\(path): image \(position + 1) has no 'id' or no 'file_name'.")
            }
            let frame = FrameBox.Frame.path(file)
            let picture = Picture(frame: frame, camera: image["camera"].flatMap(name))
            guard pictures.updateValue(picture, forKey: id) == nil else {
                throw .badData("\(path): image \(position + 1): the id \(id) comes twice.")
            }
            if let width = wholeNumber(image["width"]), let height = wholeNumber(image["height"]) {
                sizes[frame] = BoxFile.Size(width: width, height: height)
            }
        }
        return pictures
    }

    private static func categories(_ list: [StrictJSON]) -> [String: String] {
        var names: [String: String] = [:]
        for category in list {
            guard let id = category["id"].flatMap(name) else { continue }
            names[id] = category["name"].flatMap(name) ?? id
        }
        return names
    }

    private static func box(
        _ annotation: StrictJSON, place: String, pictures: [String: Picture],
        categories: [String: String]
    ) throws(DataError) -> FrameBox {
        guard let imageID = annotation["image_id"].flatMap(name) else {
            throw .badData("\(place): has no 'image_id'.")
        }
        guard let picture = pictures[imageID] else {
            throw .badData("\(place): its image_id \(imageID) is no image of this file.")
        }
        let numbers = annotation["bbox"]?.elements?.compactMap(\.double) ?? []
        guard numbers.count == 4, annotation["bbox"]?.elements?.count == 4 else {
            throw .badData(
                "\(place): its 'bbox' is not four numbers: left, top, width, height.")
        }
        var box = FrameBox(
            frame: picture.frame,
            area: try FrameBox.Area(
                left: numbers[0], top: numbers[1], width: numbers[2], height: numbers[3],
                place: place),
            place: place)
        func attribute(_ keys: String...) -> String? {
            for key in keys {
                let value = annotation[key] ?? annotation["attributes"]?[key]
                if let text = value.flatMap(name) { return text }
            }
            return nil
        }
        box.identity = attribute("identity", "track_id", "player_id")
        box.camera = attribute("camera") ?? picture.camera
        box.number = attribute("number", "jersey_number")
        box.category = annotation["category_id"].flatMap(name).map { categories[$0] ?? $0 }
        box.confidence = annotation["score"]?.double
        return box
    }

    /// A text or whole number as a name; nil for anything else and for an empty text.
    private static func name(_ value: StrictJSON) -> String? {
        switch value {
        case .string(let text): text.isEmpty ? nil : text
        case .integer(let number): String(number)
        default: nil
        }
    }

    private static func wholeNumber(_ value: StrictJSON?) -> Int? {
        if case .integer(let number)? = value, number > 0 { number } else { nil }
    }
}
