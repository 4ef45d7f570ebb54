// Measuring many crops on all cores.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Synchronization

extension ImageQuality {
    /// Measures crops on all cores.
    ///
    /// - Parameter sources: The crops.
    /// - Returns: For each crop what was measured; nil where it cannot be read.
    public static func measured(_ sources: [ImageSource]) -> [ImageQuality?] {
        let results = Mutex([ImageQuality?](repeating: nil, count: sources.count))
        parallelForEach(count: sources.count) { index in
            guard let image = try? sources[index].decoded() else { return }
            let quality = ImageQuality(image)
            results.withLock { $0[index] = quality }
        }
        return results.withLock { $0 }
    }
}
