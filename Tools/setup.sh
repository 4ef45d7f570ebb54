#!/usr/bin/env bash
# Sets up a machine for ReIdent: finds or installs the system packages and LibTorch, builds the
# engine, verifies that it loads, fetches CLIP's vocabulary where it can, and prints one line per
# part. Running it again takes a second.
#
# Environment:
#   LIBTORCH   a folder with include/ and lib/ of LibTorch 2.11 to 2.13, used as it is
#   PYTHON     the Python whose torch is looked for, and whose pip installs it (default: python3)
#   CXX        the C++ compiler for the engine (default: g++ on Linux, clang++ on macOS)
#
# SPDX-License-Identifier: MIT
set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$project"
deps=".deps"
mkdir -p "$deps"

. Tools/setup/common.sh
. Tools/setup/system.sh
. Tools/setup/libtorch.sh
. Tools/setup/engine.sh
. Tools/setup/vocabulary.sh

remove_leftovers
find_swift
find_libtorch
provide_system_packages
provide_libtorch
provide_engine
provide_vocabulary
