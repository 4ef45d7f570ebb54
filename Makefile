# Everything one does with ReIdent's sources. `make` alone lists the targets.
#
# `check` and `test` build with the same options into the same folder, so that nothing is built
# twice. For work on one part, `swift build` and `swift test --filter Name` are enough.
#
# SPDX-License-Identifier: MIT

SWIFT ?= swift
# Warnings are errors in this package; SwiftPM leaves those of other packages alone.
STRICT = -Xswiftc -warnings-as-errors
LINTED = Package.swift Sources Tests $(wildcard Examples Benchmarks Tools/fuzz)
# SwiftPM has no such option for C; the shims are parsed once more with the compiler's warnings on.
C_FLAGS = $(addprefix -I,$(wildcard Sources/C*/include)) \
	$(shell pkg-config --cflags libjpeg libpng libwebp libcurl cairo)

.DEFAULT_GOAL := help
.PHONY: help setup demo build test browser check bench bench-quick parity reproduce example
.PHONY: lint rules

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | \
		awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## Find or install what is missing, build the engine, verify all
	@bash Tools/setup.sh

demo: setup ## Render players, fine-tune a small model on them, draw what it finds
	$(SWIFT) build -c release --product reident
	@sh Tools/demo.sh

build: setup ## Build everything, warnings as errors
	$(SWIFT) build --build-tests $(STRICT)

# The tests come last, so that their summary is what one sees.
test: build example ## Set up, build, and run all tests and the example
	$(SWIFT) test --disable-xctest $(STRICT)

browser: build ## Look at the pages in Chromium, which is installed if it is missing (Debian)
	command -v chromium >/dev/null || apt-get install --yes --no-install-recommends chromium
	$(SWIFT) test --disable-xctest $(STRICT) --skip-build --filter BrowserTests

example: build
	sh Tools/test_example.sh

check: lint build rules ## Format lint, warnings as errors, import and documentation rules

parity: setup ## Compare full-size models with open_clip, stage by stage (needs Python)
	sh Tools/parity/run.sh

PYTHON ?= python3
PEERS = $(PYTHON) Benchmarks/embedding/peers.py

# DATA is a folder in Market-1501's form, RERANK the reference's rerank.py; without them the rows of
# training and decoding, and of re-ranking, say that they were not measured.
bench: setup ## Everything beside its peers, whose wheels PYTHON must have, in one table
	$(SWIFT) build -c release --product reident
	$(PYTHON) Benchmarks/all.py --data '$(DATA)' --reference '$(RERANK)' --json bench.json

bench-quick: setup ## Images a second of ViT-B/16 beside the fastest peers
	$(SWIFT) build -c release --product reident
	$(PEERS) --models ViT-B-16-quickgelu --only 'torch-bf16$$|openvino|reident' --repeats 3 \
		--json bench.json

MODEL ?= ViT-L-14
DEVICE ?= cpu
SEEDS ?= 3

reproduce: setup ## The paper's figures: MODEL=ViT-L-14|ViT-B-16 DEVICE=cuda|cpu SEEDS=3
	$(SWIFT) build -c release --product reident
	.build/release/reident reproduce $(MODEL) --device $(DEVICE) --seeds $(SEEDS)

lint: setup
	$(SWIFT) format lint --strict --parallel --recursive $(LINTED)
	$(CC) -std=c11 -Wall -Wextra -Werror -fsyntax-only $(C_FLAGS) Sources/C*/*.c Tools/setup/*.c

rules: build
	.build/debug/reident-check .
