#!/bin/sh
# `make parity`: full-size models of open_clip and timm against ReIdent, stage by stage.
# The differences go to docs/PARITY.md, where the rows of models that are not run stay.
#
#   Tools/parity/run.sh [MODEL...]   default: ViT-B-32, B-16, L-14, with and without QuickGELU,
#                                    RN50, RN101, RN50x4, and the four of ImageNet; the
#                                    text sides of ViT-B-32 and L-14 are whole, too
#   Tools/parity/run.sh zero-shot    logits of ViT-B-32 for 101 prompted numbers alone, which
#                                    otherwise come last
#
# PYTHON names an interpreter with Tools/requirements.txt installed (default: .deps/python, then
# python3).
# PARITY_FOLDER keeps the files (about 5 GB); by default they are temporary, one model at a time.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/../.."

python=${PYTHON:-}
if [ -z "$python" ]; then
    python=python3
    [ -x .deps/python/bin/python ] && python=.deps/python/bin/python
fi
if ! message=$("$python" Tools/parity/check_python.py 2>&1); then
    echo "make parity: $message" >&2
    echo "Install Tools/requirements.txt into a virtual environment and name it, for example" >&2
    echo "  PYTHON=.deps/python/bin/python make parity" >&2
    exit 69
fi

[ "${1:-}" = zero-shot ] && only_zero_shot=1 && shift || only_zero_shot=
models=${*:-ViT-B-32 ViT-B-32-quickgelu ViT-B-16 ViT-B-16-quickgelu ViT-L-14 ViT-L-14-quickgelu \
RN50 RN101 RN50x4 vit_base_patch16_224 vit_large_patch16_224 convnext_base convnext_large}
folder=${PARITY_FOLDER:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/reident-parity.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM
fi

# The options of `make`, so that nothing is built twice.
strict="-Xswiftc -warnings-as-errors"
swift build --build-tests $strict
mkdir -p "$folder/now" "$folder/done"
[ -z "$only_zero_shot" ] || models=
for model in $models; do
    "$python" Tools/parity/full_size.py write "$folder/now" "$model"
    REIDENT_PARITY_FOLDER="$folder/now" \
        swift test --disable-xctest $strict --skip-build --filter FullSizeParity
    # The tensors of a compared model only take room.
    if [ -z "${PARITY_FOLDER:-}" ]; then
        rm -f "$folder/now/$model/weights.safetensors" "$folder/now/$model/stages.safetensors"
    fi
    rm -rf "$folder/done/$model"
    mv "$folder/now/$model" "$folder/done/$model"
done
status=0
[ -z "$models" ] || "$python" Tools/parity/full_size.py report "$folder/done" || status=1
# Without arguments, and where it is asked for.
if [ $# -eq 0 ]; then
    "$python" Tools/parity/zero_shot.py write "$folder/done"
    REIDENT_PARITY_FOLDER="$folder/done" swift test --skip-build --filter FullSizeZeroShot
    "$python" Tools/parity/zero_shot.py report "$folder/done" || status=1
fi
exit $status
