#!/bin/sh
# `make demo`: from the model that comes with the project to ranked sheets of players nobody has
# photographed. Renders players, shows how well reident-tiny finds and reads them as it is,
# fine-tunes it on some of them, and shows the same of the others.
#
#   Tools/demo.sh [FOLDER]   default: demo
#
# REIDENT names the program (default: .build/release/reident); REIDENT_DEMO_STEPS ends the
# training after so many steps.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."

reident=${REIDENT:-.build/release/reident}
out=${1:-demo}
# What an earlier demo wrote is replaced; a folder of anything else is not touched.
mark=$out/.reident-demo
if [ -e "$out" ] && [ ! -e "$mark" ]; then
    echo "demo: $out exists and is not from an earlier demo. Remove or rename it, or name another" \
        "folder: Tools/demo.sh FOLDER" >&2
    exit 73
fi
rm -rf "$out"
mkdir -p "$out"
: >"$mark"

# Shows a command as one would type it, and runs it.
show() {
    echo "\$ reident $*"
    "$reident" "$@"
}

# The mAP of a JSON report, in percent with one decimal.
precision() {
    sed -n 's/.*"mAP":\([0-9][0-9.eE-]*\),"mINP".*/\1/p' "$1" | awk '{ printf "%.1f", 100 * $1 }'
}

echo "== Players"
# Many kits, each of few players: two minutes suffice to learn what kits are, not to tell twelve
# team-mates apart.
show synthesize --out "$out/players" --players 400 --images-per-player 6 --test-players 60 \
    --team-size 5 --seed 1

echo "== A small CLIP that learned from other rendered players"
show evaluate "$out/players" --model Models/reident-tiny
"$reident" evaluate -q "$out/players" --model Models/reident-tiny --json >"$out/before.json"
echo "== Which numbers are on the shirts, by six crops of each player"
show read-number "$out/players" --vote identity --model Models/reident-tiny >"$out/numbers.txt"
head -n 12 "$out/numbers.txt"
echo "== Who wears what, by words"
show search --text "a player in a white shirt" --gallery "$out/players" \
    --model Models/reident-tiny -k 8 --sheet "$out/words.png"

echo "== Fine-tuning"
show train "$out/players" --model Models/reident-tiny --out "$out/run" --epochs 2 --lr 5e-4 \
    --warmup-epochs 0.3 --validation 0 ${REIDENT_DEMO_STEPS:+--max-steps "$REIDENT_DEMO_STEPS"}

echo "== What it finds now, among players it has never seen"
show evaluate "$out/players" --model "$out/run/best" --sheets "$out/sheets"
"$reident" evaluate -q "$out/players" --model "$out/run/best" --json >"$out/after.json"

echo "$out/sheets/index.html  mAP $(precision "$out/before.json") % before," \
    "$(precision "$out/after.json") % after fine-tuning"
