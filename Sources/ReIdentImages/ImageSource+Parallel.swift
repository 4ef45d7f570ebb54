// Looking at many pictures on all cores.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Synchronization

extension ImageSource {
    /// Decodes pictures on all cores, a few at a time, and keeps what is seen of them.
    ///
    /// - Parameters:
    ///   - sources: The pictures.
    ///   - look: Says what is kept of a picture.
    /// - Returns: For each picture what was seen, or why it cannot be read.
    public static func seen<Seen: Sendable>(
        _ sources: [ImageSource], _ look: @Sendable (Image) -> Seen
    ) -> [Result<Seen, ImageError>] {
        let results = Mutex([Result<Seen, ImageError>?](repeating: nil, count: sources.count))
        parallelForEach(count: sources.count) { index in
            let result = Result { () throws(ImageError) in try look(sources[index].decoded()) }
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}
