// Numbers and fonts as they are written on the command line.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentRendering

/// Shirt numbers as a list of numbers and ranges.
struct NumberChoice: ExpressibleByArgument {
    /// The numbers, each once, in the order of `ShirtNumber.all`.
    let numbers: [ShirtNumber]
    let defaultValueDescription: String

    static let upTo99 = NumberChoice(
        numbers: ShirtNumber.upTo99, defaultValueDescription: "0-99")

    private init(numbers: [ShirtNumber], defaultValueDescription: String) {
        self.numbers = numbers
        self.defaultValueDescription = defaultValueDescription
    }

    init?(argument: String) {
        var chosen: Set<ShirtNumber> = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            if ends.count == 1, let number = ShirtNumber(part) {
                chosen.insert(number)
            } else if ends.count == 2, ends.allSatisfy({ ShirtNumber($0) != nil && $0 != "00" }),
                let first = Int(ends[0]), let last = Int(ends[1]), first <= last
            {
                chosen.formUnion(ShirtNumber.upTo99[first...last])
            } else {
                return nil
            }
        }
        numbers = ShirtNumber.all.filter { chosen.contains($0) }
        defaultValueDescription = argument
    }
}

/// Fonts as a list of names.
struct FontChoice: ExpressibleByArgument {
    /// The fonts, in the order of `NumberFont.all`.
    let fonts: [NumberFont]

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        guard let fonts = NumberFont.named(names.map(String.init)) else { return nil }
        self.fonts = fonts
    }
}
