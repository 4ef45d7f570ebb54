# The engine: builds engine/ against LibTorch with CMake into .deps/engine and proves that it loads.
#
# SPDX-License-Identifier: MIT

readonly engine_folder="$deps/engine"
readonly engine_entry="reident_engine_functions"

provide_engine() {
    local build="$engine_folder/build" name="libreident_engine.$(library_suffix)"
    local installed="$engine_folder/$name" how=found key
    key="$libtorch|$libtorch_version|${CXX:-default}|$project"
    if [ "$(cat "$build/key" 2>/dev/null || true)" != "$key" ]; then
        rm -rf "$build" "$installed"
        mkdir -p "$build"
        configure_engine "$build"
        printf '%s\n' "$key" >"$build/key"
    fi
    [ -f "$installed" ] || say "Building the engine, a minute or two."
    cmake --build "$build" --parallel 2 >"$build/log" 2>&1 || {
        cat "$build/log" >&2
        refuse "the engine does not build with LibTorch $libtorch_version; the compiler's message" \
            "is above."
    }
    if [ ! -f "$installed" ] || [ "$build/$name" -nt "$installed" ]; then
        # Tried under another name first, so that an engine that does not load is never found.
        local partial="$engine_folder/$name.partial.$$"
        cp "$build/$name" "$partial"
        "$build/engine_probe" "$project/$partial" "$engine_entry" >&2 || {
            rm -f "$partial"
            refuse "the engine was built but does not load; the reason is above."
        }
        mv "$partial" "$installed"
        how=built
    fi
    local loads
    loads="LibTorch $(echo "$libtorch_version" | cut -d. -f1,2)"
    report engine "$loads" "$how" "$project/$installed"
}

configure_engine() {
    local compiler="${CXX:-g++}"
    if is_macos; then compiler="${CXX:-clang++}"; fi
    cmake -S engine -B "$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
        -DLIBTORCH="$libtorch" -DREIDENT_DEPS="$project/$deps" >"$1/log" 2>&1 || {
        cat "$1/log" >&2
        refuse "CMake could not configure the engine; its message is above."
    }
}
