#!/bin/sh
# Feeds every reader with damaged input for some seconds and says what came of it.
#
#     sh Tools/fuzz/run.sh SECONDS [TARGET...]
#
# An input that a reader fails on stays in .build/findings of this folder; what was learned stays
# in .build/corpus, so that the next run begins there. Needs libFuzzer, which Swift's toolchains for
# Linux contain.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"
seconds=${1:?how many seconds for each target}
shift
targets=${*:-images orientation safetensors matrices weights zip table submission manifest pairs \
    configuration package companions boxes index pickle torch gzip \
    vocabulary texts entities cleaning merging learning numbering prompts}

# Some targets look at single steps, which are no part of the library's face.
swift build -c release --product FuzzReaders -Xswiftc -enable-testing \
    -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address,fuzzer-no-link
program=$PWD/.build/release/FuzzReaders
mkdir -p .build/findings
failed=0
printf '%-14s %12s %9s %9s  %s\n' target executions coverage features outcome
for target in $targets; do
    export REIDENT_FUZZ_TARGET="$target"
    corpus=.build/corpus/$target
    log=.build/$target.log
    mkdir -p "$corpus"
    REIDENT_FUZZ_SEEDS=$PWD/$corpus "$program"
    outcome=sound
    "$program" "$corpus" -max_total_time="$seconds" -max_len=16384 -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=512 -print_final_stats=1 \
        -artifact_prefix=".build/findings/$target-" >"$log" 2>&1 || outcome="FAILED, see $log"
    [ "$outcome" = sound ] || failed=1
    awk -v target="$target" -v outcome="$outcome" '
        / cov: / {
            for (i = 1; i < NF; i++) {
                if ($i == "cov:") coverage = $(i + 1)
                if ($i == "ft:") features = $(i + 1)
            }
        }
        /stat::number_of_executed_units/ { executions = $2 }
        END { printf "%-14s %12s %9s %9s  %s\n", target, executions, coverage, features, outcome }
    ' "$log"
done
exit $failed
