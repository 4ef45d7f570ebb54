# LibTorch, the engine's arithmetic: found by LIBTORCH, where an earlier set-up found it, in .deps/,
# or in Python's torch; otherwise installed from the torch wheel into .deps/torch.
#
# SPDX-License-Identifier: MIT

readonly libtorch_install_version="2.13.0"
readonly libtorch_accepted="2.11 to 2.13"
readonly libtorch_cpu_index="https://download.pytorch.org/whl/cpu"
readonly libtorch_memory="$deps/libtorch.path"

holds_libtorch() {
    [ -f "$1/include/ATen/ATen.h" ] && [ -f "$1/lib/libtorch_cpu.$(library_suffix)" ]
}

# The version of the LibTorch in a folder, with its build ("2.13.0+cpu") where it is said.
version_of_libtorch() {
    if [ -f "$1/version.py" ]; then
        sed -n "s/^__version__ = '\(.*\)'/\1/p" "$1/version.py"
    elif [ -f "$1/build-version" ]; then
        head -1 "$1/build-version"
    else
        local header
        for header in torch/headeronly/version.h torch/csrc/api/include/torch/version.h; do
            [ -f "$1/include/$header" ] || continue
            sed -nE 's/^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' \
                "$1/include/$header" | head -3 | paste -sd. -
            return
        done
    fi
}

is_accepted_version() {
    case "$1" in 2.11 | 2.11.* | 2.12 | 2.12.* | 2.13 | 2.13.*) true ;; *) false ;; esac
}

# Takes a folder when it holds a LibTorch of an accepted version; says so when the version is not.
accept_libtorch() {
    local folder="$1" origin="$2" version
    holds_libtorch "$folder" || return 1
    version="$(version_of_libtorch "$folder")"
    if ! is_accepted_version "$version"; then
        say "Passing over LibTorch ${version:-of unknown version} in $folder ($origin):" \
            "ReIdent accepts $libtorch_accepted."
        return 1
    fi
    libtorch="$(cd "$folder" && pwd -P)"
    libtorch_version="$version"
}

# The folder of Python's torch, found without importing it, which would take seconds.
folder_of_python_torch() {
    "${PYTHON:-python3}" - 2>/dev/null <<'PY' || true
import importlib.util
spec = importlib.util.find_spec("torch")
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else "")
PY
}

# Sets `libtorch` and `libtorch_version`, or `libtorch_to_install` when there is none to use.
find_libtorch() {
    libtorch="" libtorch_version="" libtorch_to_install=false libtorch_how=found
    if [ -n "${LIBTORCH:-}" ]; then
        holds_libtorch "$LIBTORCH" ||
            refuse "LIBTORCH is '$LIBTORCH', which lacks include/ATen/ATen.h or" \
                "lib/libtorch_cpu.$(library_suffix). Name the folder that holds both, or unset it."
        accept_libtorch "$LIBTORCH" LIBTORCH 2>/dev/null ||
            refuse "LIBTORCH is '$LIBTORCH', version $(version_of_libtorch "$LIBTORCH");" \
                "ReIdent accepts $libtorch_accepted. Name another folder, or unset it."
        return
    fi
    if [ -f "$libtorch_memory" ]; then
        accept_libtorch "$(cat "$libtorch_memory")" "remembered from the last set-up" && return
    fi
    accept_libtorch "$deps/torch/torch" "installed by an earlier set-up" && return
    accept_libtorch "$deps/libtorch" "in .deps" && return
    local folder
    folder="$(folder_of_python_torch)"
    if [ -n "$folder" ]; then accept_libtorch "$folder" "Python's torch" && return; fi
    libtorch_to_install=true
}

has_nvidia_driver() {
    [ -e /proc/driver/nvidia ] || command -v nvidia-smi >/dev/null 2>&1
}

# Whether PyTorch's own index of CPU builds answers, decided within four seconds.
reaches_cpu_index() {
    "$pip_python" - "$libtorch_cpu_index/torch/" 2>/dev/null <<'PY'
import signal, sys, urllib.request
signal.alarm(4)  # a name that cannot be resolved is not bounded by the time-out below
request = urllib.request.Request(sys.argv[1], method="HEAD")
sys.exit(0 if urllib.request.urlopen(request, timeout=3).status == 200 else 1)
PY
}

# Runs pip into the folder given first; its temporary files lie beside, so that nothing is copied.
pip_into() {
    local folder="$1"
    shift
    mkdir -p "$folder.tmp"
    TMPDIR="$(cd "$folder.tmp" && pwd)" PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1 \
        "$pip_python" -m pip --disable-pip-version-check install --no-compile --upgrade \
        --target "$folder" "$@" >&2
}

# Installs the wheel by name. It exists for some Pythons; since LibTorch is used without Python, any
# of them serves the others.
install_wheel() {
    local folder="$1"
    shift
    local wheel="torch==$libtorch_install_version"
    if "$pip_python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))'; then
        pip_into "$folder" --no-deps "$@" "$wheel"
    else
        pip_into "$folder" --no-deps --only-binary=:all: --python-version 3.12 "$@" "$wheel"
    fi
}

# The wheel's NVIDIA libraries, as pip requirements; nothing for a CPU build.
nvidia_requirements() {
    sed -nE 's/^Requires-Dist: ((nvidia|cuda)[-_][^;]*).*/\1/p' \
        "$1"/torch-*.dist-info/METADATA | grep -v '^cuda-bindings' | sed 's/ //g' || true
}

provide_libtorch() {
    $libtorch_to_install && install_libtorch
    printf '%s\n' "$libtorch" >"$libtorch_memory"
    report LibTorch "$libtorch_version" "$libtorch_how" "$libtorch"
}

install_libtorch() {
    local partial="$deps/torch.partial.$$" installed=false
    trap 'rm -rf "$deps/torch.partial.$$" "$deps/torch.partial.$$.tmp"' EXIT
    trap 'exit 130' INT TERM
    find_pip || refuse "no Python with pip to install LibTorch with. Install python3-pip, or set" \
        "LIBTORCH to a folder with LibTorch $libtorch_accepted."
    say "Installing LibTorch $libtorch_install_version from the torch wheel into $deps/torch" \
        "(190 MB to 900 MB, once)."
    if ! is_macos && ! has_nvidia_driver && reaches_cpu_index; then
        say "No NVIDIA driver: taking PyTorch's CPU build from $libtorch_cpu_index."
        install_wheel "$partial" --index-url "$libtorch_cpu_index" && installed=true
    fi
    $installed || install_wheel "$partial" ||
        refuse "pip could not install torch==$libtorch_install_version; its message is above. Set" \
            "LIBTORCH to a folder with LibTorch $libtorch_accepted, or PYTHON to another Python."
    local requirements
    requirements="$(nvidia_requirements "$partial")"
    if [ -n "$requirements" ]; then
        say "This build of torch uses CUDA: installing the NVIDIA libraries it loads."
        # shellcheck disable=SC2086  # one requirement a word
        pip_into "$partial" $requirements ||
            refuse "pip could not install torch's NVIDIA libraries; its message is above."
    fi
    rm -rf "$deps/torch"
    mv "$partial" "$deps/torch"
    accept_libtorch "$deps/torch/torch" "just installed" ||
        refuse "the torch wheel holds no LibTorch that ReIdent can use. Remove $deps/torch."
    libtorch_how=installed
}
