#!/bin/sh
# Runs Examples/FirstSearch, a package that depends on ReIdent by path, as its reader would: a
# query that lies in the gallery must be its own best match.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
fixtures=Tests/ReIdentTrainingTests/Fixtures
work=$(mktemp -d "${TMPDIR:-/tmp}/reident-example.XXXXXX")
trap 'rm -rf "$work"' EXIT

.build/debug/reident models create --arch "$fixtures/model/config.json" --seed 1 \
    --out "$work/model"
swift build --package-path Examples/FirstSearch
query=$fixtures/dataset/player03/2.png
found=$(Examples/FirstSearch/.build/debug/FirstSearch "$work/model" "$fixtures/dataset" "$query")
echo "$found"
case $(echo "$found" | head -n 1) in
    *"$query") echo "The example finds its query." ;;
    *) echo "The example's best match should be $query." >&2; exit 1 ;;
esac
