// `reident report --pilot`: what crops without labels are good for.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics
import ReIdentReports

/// A report on a folder of crops.
struct PilotReport {
    let folder: String
    let command: ReportCommand

    func run() async throws {
        let output = command.output
        let (paths, skipped) = try ImageListing.gather([folder])
        guard !paths.isEmpty else {
            throw ReIdentError.noImages(place: folder, skipped: skipped)
        }
        let package = try command.model.open()
        let encoder = try await command.encoding.encoder(of: package, output: output)
        // A bad crop is a finding here, not an end.
        let embedded = try await encoder.embed(
            paths: paths, skipsBad: true, activity: "Embedding", output: output)
        output.note("Looking at the pictures.")
        let pictures = try ImageSource.seen(
            embedded.embeddings.paths.map { ImageSource(path: $0) }, PilotStudy.Picture.init
        ).map { try $0.get() }
        let decisions = try command.decisions(of: encoder)
        let threshold = decisions?.thresholds.first { $0.falseMatchRate <= 0.001 }?.similarity
        let study = try PilotStudy(
            embeddings: embedded.embeddings, pictures: pictures,
            secondPlayers: embedded.secondPlayers, threshold: threshold)
        output.note("Drawing.")
        let page = PilotPage(
            folder: folder, study: study, unreadable: embedded.bad.count,
            settings: try command.settings(package, encoder, of: ("crops", folder)))
        let path = try command.write(page.html())
        let advice = study.advice.map { "\($0.finding) \($0.remedy)" }
        try output.print(
            Summary(study, page: path, bad: embedded.bad),
            text: (advice + lines(skippedFiles: skipped, badImages: embedded.bad) + [path])
                .joined(separator: "\n"))
    }

    private struct Summary: Encodable {
        let page: String
        let crops: Int
        let badImages: [BadImage]
        let remarks: [String: Int]
        let copies: Int
        let groups: Int?
        let separation: Double?
        let advice: [PilotStudy.Advice]

        enum CodingKeys: String, CodingKey {
            case page, crops, remarks, copies, groups, separation, advice
            case badImages = "bad_images"
        }

        init(_ study: PilotStudy, page: String, bad: [BadImage]) {
            (self.page, crops, badImages) = (page, study.qualities.count, bad)
            remarks = Dictionary(
                uniqueKeysWithValues: study.remarks.map { ($0.remark.rawValue, $0.rows.count) })
            (copies, advice) = (study.copies, study.advice)
            (groups, separation) = (study.groups?.count, study.groups?.separation)
        }
    }
}
