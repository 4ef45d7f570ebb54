// A crop in words.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Sentences about crops.
enum Caption {
    /// The crop in words; a number is only named where it can be read.
    static func text(_ player: PlayerAppearance, pose: Pose, number: Int?) -> String {
        let shown = number.map { " and the number \($0)" } ?? ""
        return "a player in \(player.kit.words)\(shown), \(side(pose.yaw))"
    }

    private static func side(_ yaw: Double) -> String {
        let angle = abs(TorsoSurface.wrapped(yaw))
        if angle < 0.9 { return "seen from the front" }
        return angle > .pi - 0.9 ? "seen from behind" : "seen from the side"
    }
}
