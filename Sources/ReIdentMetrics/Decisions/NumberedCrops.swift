// Players and cameras of crops as numbers.
//
// SPDX-License-Identifier: MIT

/// Who and which camera each crop is of.
struct NumberedCrops: Sendable {
    /// Number of each crop's player, from 0 in the order of appearance.
    let players: [Int32]
    /// The crops of each player.
    let rowsOfPlayer: [[Int]]
    private let cameras: [Int32]?

    init(identities: [String], cameras: [String?]?) {
        var numbers: [String: Int32] = [:]
        var rows: [[Int]] = []
        players = identities.enumerated().map { row, identity in
            if let known = numbers[identity] {
                rows[Int(known)].append(row)
                return known
            }
            numbers[identity] = Int32(rows.count)
            rows.append([row])
            return Int32(rows.count - 1)
        }
        rowsOfPlayer = rows
        var cameraNumbers: [String: Int32] = [:]
        self.cameras = cameras.map { cameras in
            cameras.map { camera in
                guard let camera else { return -1 }
                if let known = cameraNumbers[camera] { return known }
                cameraNumbers[camera] = Int32(cameraNumbers.count)
                return Int32(cameraNumbers.count - 1)
            }
        }
    }

    /// Whether two crops are known to be by one camera.
    func isSameCamera(_ first: Int, _ second: Int) -> Bool {
        guard let cameras else { return false }
        return cameras[first] >= 0 && cameras[first] == cameras[second]
    }
}
