#!/bin/sh
# Trains reident-tiny, the small CLIP that comes with the project, from nothing but rendered players
# and their captions: every command with its seed. docs/MODEL_CARD.md says what it reaches.
#
#   Tools/reident-tiny.sh [FOLDER]   default: reident-tiny
#
# Needs about two hours on two cores that compute bf16, and 1.5 GB. REIDENT names the program
# (default: .build/release/reident). What is there already is not made again, so that the script
# can be stopped and started.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."

reident=${REIDENT:-.build/release/reident}
out=${1:-reident-tiny}
mkdir -p "$out"

# Shows a command as one would type it, and runs it.
show() {
    echo "\$ reident $*"
    "$reident" "$@"
}

# Renders players to learn from, unless they are there.
render() {
    name=$1
    shift
    if [ ! -e "$out/$name/manifest.csv" ]; then
        show synthesize --out "$out/$name" --test-players 0 --cameras 60 --fonts $fonts "$@"
    fi
}

# Joins data sets under one manifest, by links; a set that is named twice counts twice.
join() {
    joined=$out/$1
    shift
    if [ -e "$joined/manifest.csv" ]; then return; fi
    mkdir -p "$joined"
    sed -n 1p "$out/$1/manifest.csv" >"$joined/manifest.part"
    copy=0
    for name in "$@"; do
        copy=$((copy + 1))
        ln -sfn "../$name" "$joined/$copy-$name"
        sed -e 1d -e "s#^#$copy-$name/#" "$out/$name/manifest.csv" >>"$joined/manifest.part"
    done
    mv "$joined/manifest.part" "$joined/manifest.csv"
}

# Trains into a run folder, or goes on with one: `run pretrain NAME DATA MODEL OPTIONS`.
run() {
    command=$1 name=$out/$2 data=$out/$3 model=$out/$4
    shift 4
    if [ -e "$name/done" ]; then return; fi
    if [ -e "$name/state" ]; then set -- "$@" --resume; fi
    show "$command" "$data" --model "$model" --out "$name" --precision bf16 --validation 0 \
        --save-every 200 "$@"
    : >"$name/done"
}

# Six numbers (29, 38, 46, 57, 64, 83) and three fonts are never trained on.
numbers=0-28,30-37,39-45,47-56,58-63,65-82,84-99,00
fonts=varsity,rounded,grotesque,square,slanted,condensed,light,block,narrow

echo "== Players that do not exist"
render digits --players 3500 --images-per-player 4 --team-size 1 --close-ups 1 --numbers 0-9 \
    --captions short --seed 103
render shirts --players 8000 --images-per-player 4 --team-size 3 --numbers $numbers \
    --captions shirt --seed 101
# The same pictures as `shirts`, in sentences.
render sentences --players 8000 --images-per-player 4 --team-size 3 --numbers $numbers --seed 101
render near --players 12000 --images-per-player 3 --team-size 2 --close-ups 1 --numbers $numbers \
    --captions short --seed 104
# For the vocabulary alone.
render near-sentences --players 2000 --images-per-player 3 --team-size 2 --close-ups 1 \
    --numbers $numbers --seed 105
render more-near --players 14000 --images-per-player 3 --team-size 2 --close-ups 1 \
    --numbers $numbers --captions short --seed 106
render players --players 8000 --images-per-player 4 --team-size 3 --numbers $numbers \
    --captions short --seed 107
render more-players --players 8000 --images-per-player 4 --team-size 3 --numbers $numbers \
    --captions short --seed 108
# Where numbers are.
render locate-near --players 4000 --images-per-player 3 --team-size 2 --close-ups 1 \
    --numbers $numbers --seed 112
render locate-players --players 8000 --images-per-player 4 --team-size 3 --numbers $numbers \
    --seed 111
join locate locate-near locate-players
join words digits sentences near-sentences
join first digits digits shirts
join all near more-near players more-players sentences
join pairs players more-near

echo "== The start: a vocabulary of all captions, and one step that hardly moves anything"
if [ ! -e "$out/0-start" ]; then
    show pretrain "$out/words" --arch Tools/reident-tiny.json --out "$out/0-start" \
        --preprocess stretch --residual-gain 1 --batch-size 128 --max-steps 1 --validation 0 \
        --seed 1
fi

echo "== Where numbers are; every package that is trained from here on keeps it"
if [ ! -e "$out/0-start/last/number-locator.safetensors" ]; then
    show train-locator "$out/locate" --model "$out/0-start/last" --seed 3
fi

echo "== First words: shirts of players, and single digits from near"
# From nothing, whole sentences say too much at once: the loss stays where it is for thousands of
# steps. Shirts are told apart at once, digits after some hundred steps.
run pretrain 1-words first 0-start/last --batch-size 128 --weight-decay 0.1 --schedule constant \
    --lr 1e-3 --warmup-epochs 0.3 --epochs 12 --max-steps 1050 --seed 2 --color-shift 0.2 \
    --blur 0.1 --rescale 0.1 --jpeg 0.1

echo "== All numbers, from near and on shirts, and sentences"
run pretrain 2-all all 1-words/last --batch-size 128 --weight-decay 0.1 --schedule cosine \
    --lr 1.2e-3 --warmup-epochs 0.1 --epochs 6 --seed 4 --shirt 0.5 \
    --color-shift 0.3 --rescale 0.15 --jpeg 0.15 --blur 0.1

echo "== Pairs of crops of one player, and still reading"
run train 3-pairs pairs 2-all/last --batch-size 64 --sampler filling --schedule cosine --lr 4e-4 \
    --warmup-epochs 0.06 --epochs 1 --seed 5 --flip 0 --text-weight 3 --shirt 0.5 \
    --color-shift 0.3 --rescale 0.15 --jpeg 0.15 --blur 0.1

echo "== The package: its own sentences, half precision, nobody remembered, calibrated on others"
printf '{number}\nno number\n' >"$out/3-pairs/last/number-prompts.txt"
show models convert "$out/3-pairs/last" --weights fp16 --forget-trained --force --out "$out/package"
if [ ! -e "$out/reading/manifest.csv" ]; then
    show synthesize --out "$out/reading" --cameras 60 --players 0 --test-players 700 \
        --images-per-player 3 --team-size 2 --close-ups 0.5 --seed 310
fi
if [ ! -e "$out/strangers/manifest.csv" ]; then
    show synthesize --out "$out/strangers" --cameras 4 --players 0 --test-players 300 \
        --images-per-player 6 --seed 340
fi
show score-numbers "$out/reading" --model "$out/package" --calibrate
show calibrate "$out/strangers" --model "$out/package"
show calibrate "$out/strangers" --second-player --model "$out/package"
echo "The package: $out/package"
