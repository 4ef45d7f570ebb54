# The system's packages: build tools, and the libraries that Package.swift declares.
# Finds what is there, installs what is missing by apt-get or brew after saying so.
#
# SPDX-License-Identifier: MIT

# What swift.org lists for Debian and Ubuntu, as far as it is not needed for ReIdent anyway.
readonly swift_packages="binutils libc6-dev libcurl4-openssl-dev libedit-dev libncurses-dev \
libpython3-dev libsqlite3-dev libxml2-dev tzdata zlib1g-dev"

# The version of the Swift in PATH; fails when it does not start.
version_of_swift() {
    local answer
    answer="$(swift --version 2>/dev/null)" || return 1
    sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' <<<"$answer" | head -1
}

find_swift() {
    command -v swift >/dev/null 2>&1 ||
        refuse "no 'swift' in PATH. Install Swift 6.1 or later from https://swift.org/install."
    swift_version="$(version_of_swift)" || swift_version=""
    case "$swift_version" in
        6.0 | 6.0.* | [0-5].*)
            refuse "Swift $swift_version is too old. Install 6.1 or later from" \
                "https://swift.org/install." ;;
    esac
}

# The system libraries of Package.swift, one a line: pkg-config name, apt packages, brew packages.
declared_libraries() {
    tr '\n' ' ' <Package.swift |
        grep -o 'pkgConfig: "[^"]*", *providers: *\[ *\.apt(\[[^]]*\]), *\.brew(\[[^]]*\])' |
        sed -e 's/pkgConfig: "\([^"]*\)".*\.apt(\[\(.*\)\]), *\.brew(\[\(.*\)\])/\1|\2|\3/' \
            -e 's/[",]/ /g'
}

# The libraries of Package.swift that are headers alone and have no pkg-config file, one a line: the
# target, apt packages, brew packages.
declared_headers() {
    local providers='providers: *\[ *\.apt(\[[^]]*\]), *\.brew(\[[^]]*\])'
    tr '\n' ' ' <Package.swift |
        grep -o "systemLibrary( *name: \"[^\"]*\", *$providers" |
        sed -e 's/.*name: "\([^"]*\)".*\.apt(\[\(.*\)\]), *\.brew(\[\(.*\)\])/\1|\2|\3/' \
            -e 's/[",]/ /g'
}

# What such a library is called: the folder of the header that its shim looks for.
name_of_headers() { sed -n 's/.*__has_include(<\([^/]*\)\/.*/\1/p' "Sources/$1/shim.h" | head -1; }

# brew keeps headers where compilers do not look; the shims look into the project, too.
link_headers() {
    is_macos && command -v brew >/dev/null 2>&1 || return 0
    local target name
    while IFS='|' read -r target _; do
        name="$(name_of_headers "$target")"
        [ -d "$(brew --prefix)/include/$name" ] || continue
        mkdir -p "$deps/include"
        ln -sfn "$(brew --prefix)/include/$name" "$deps/include/$name"
    done < <(declared_headers)
}

# Whether the compiler finds the headers of a target where its shim looks for them.
has_headers() {
    local compiler=g++
    if is_macos; then compiler=clang++; fi
    "${CXX:-$compiler}" -std=c++17 -fsyntax-only -x c++ "Sources/$1/shim.h" >/dev/null 2>&1
}

# brew keeps some libraries out of pkg-config's ordinary path.
extend_pkg_config_path() {
    is_macos && command -v brew >/dev/null 2>&1 || return 0
    local prefix
    prefix="$(brew --prefix)"
    local folder
    for folder in "$prefix"/opt/*/lib/pkgconfig; do
        PKG_CONFIG_PATH="${PKG_CONFIG_PATH:+$PKG_CONFIG_PATH:}$folder"
    done
    export PKG_CONFIG_PATH
}

# Fills `missing_names` and `missing_packages` for this system's package manager.
find_missing_packages() {
    missing_names="" missing_packages=""
    local need name apt brew
    for need in $required_commands; do
        IFS='|' read -r name apt brew <<<"$need"
        command -v "$name" >/dev/null 2>&1 || add_missing "$name" "$apt" "$brew"
    done
    [ -n "$swift_version" ] || add_missing "libraries of Swift" "$swift_packages" ""
    if $libtorch_to_install && ! find_pip; then
        add_missing pip "python3 python3-pip ca-certificates" python@3.13
    fi
    extend_pkg_config_path
    while IFS='|' read -r name apt brew; do
        pkg-config --exists "$name" 2>/dev/null || add_missing "$name" "$apt" "$brew"
    done < <(declared_libraries)
    link_headers
    while IFS='|' read -r name apt brew; do
        has_headers "$name" || add_missing "$(name_of_headers "$name")" "$apt" "$brew"
    done < <(declared_headers)
}

add_missing() {
    missing_names="${missing_names:+$missing_names, }$1"
    if is_macos; then
        missing_packages="$missing_packages $3"
    else
        missing_packages="$missing_packages $2"
    fi
}

# The first Python with pip, of PYTHON, the one in PATH and the system's; sets `pip_python`.
find_pip() {
    local candidate
    for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
        if "$candidate" -m pip --version >/dev/null 2>&1; then
            pip_python="$candidate"
            return 0
        fi
    done
    return 1
}

provide_system_packages() {
    installed_names=""
    if is_macos; then
        required_commands="git|git|git make|make|make cmake|cmake|cmake pkg-config|pkgconf|pkgconf"
    else
        required_commands="git|git|git make|make|make cmake|cmake|cmake g++|g++|gcc"
        required_commands="$required_commands pkg-config|pkg-config|pkgconf"
    fi
    find_missing_packages
    if [ -n "$missing_packages" ]; then
        installed_names=", $missing_names,"
        install_packages
        hash -r
        find_swift
        find_missing_packages
        [ -z "$missing_names" ] ||
            refuse "$missing_names still missing after the installation. Install by hand:" \
                "$missing_packages."
    fi
    report_system_packages
}

# Installs `missing_packages`, as root or through sudo, or refuses with the command to type.
install_packages() {
    local -a command
    # shellcheck disable=SC2206  # the list of packages is split on purpose
    local -a packages=($missing_packages)
    if is_macos; then
        command -v brew >/dev/null 2>&1 ||
            refuse "missing: $missing_names. Install Homebrew (https://brew.sh), then" \
                "'brew install ${packages[*]}', then run this again."
        say "Missing: $missing_names. Installing with: brew install ${packages[*]}"
        brew install "${packages[@]}" >&2
        return
    fi
    command=(apt-get install --yes --no-install-recommends "${packages[@]}")
    command -v apt-get >/dev/null 2>&1 ||
        refuse "missing: $missing_names. This system has no apt-get; install the equivalents of" \
            "'${packages[*]}' with its package manager, then run this again."
    local -a elevate=()
    if [ "$(id -u)" -ne 0 ]; then
        elevate=(sudo)
        # Without a terminal nobody can type a password.
        [ -t 0 ] || elevate=(sudo -n)
        command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
            refuse "missing: $missing_names, and only root may install them. Type, as root:" \
                "apt-get update && ${command[*]}"
    fi
    say "Missing: $missing_names. Installing with: ${elevate[*]-} ${command[*]}"
    elevate+=(env DEBIAN_FRONTEND=noninteractive)
    "${elevate[@]}" apt-get update --quiet >&2 ||
        say "setup: apt-get update failed; trying with the package lists that are there."
    "${elevate[@]}" "${command[@]}" >&2 ||
        refuse "apt-get could not install '${packages[*]}'; its message is above."
}

report_system_packages() {
    local name compiler=g++
    if is_macos; then compiler=clang++; fi
    report_package swift swift "$swift_version"
    report_package "${CXX:-$compiler}" g++ "$(version_of_compiler "${CXX:-$compiler}")"
    report_package cmake cmake "$(cmake --version | sed -n '1s/.* //p')"
    while IFS='|' read -r name _; do
        report_package "$name" "$name" "$(pkg-config --modversion "$name")"
    done < <(declared_libraries)
    while IFS='|' read -r name _; do
        name="$(name_of_headers "$name")"
        report_package "$name" "$name" headers
    done < <(declared_headers)
}

# Reports one package under a name, as installed when it was among those found missing.
report_package() {
    case "$installed_names" in
        *", $2,"*) report "$1" "$3" installed ;;
        *) report "$1" "$3" found ;;
    esac
}

version_of_compiler() { "$1" -dumpfullversion 2>/dev/null || "$1" -dumpversion; }
