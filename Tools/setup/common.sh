# What the parts of Tools/setup.sh share: reporting, refusing, and folders that appear whole or not
# at all.
#
# SPDX-License-Identifier: MIT

# Prints the line of one part. Arguments: name, version, found|installed|built, path (optional).
report() {
    local path="${4-}"
    case "$path" in "$project"/*) path="${path#"$project"/}" ;; esac
    printf '%-16s %-14s %-10s %s\n' "$1" "$2" "$3" "$path" | sed 's/ *$//'
}

# Says something on the way that is not the line of a part.
say() { printf '%s\n' "$*" >&2; }

# Ends the set-up with a sentence that says what to do.
refuse() {
    say "setup: $*"
    exit 69  # the program's code for "something required is missing"
}

is_macos() { [ "$(uname -s)" = Darwin ]; }

library_suffix() { if is_macos; then echo dylib; else echo so; fi; }

# Removes what set-ups that were killed have left; those still running are left alone.
remove_leftovers() {
    local leftover
    for leftover in "$deps"/*.partial.*; do
        [ -e "$leftover" ] || continue
        kill -0 "${leftover##*.}" 2>/dev/null || rm -rf "$leftover"
    done
}
