# Everything one does with ReIdent's sources. `make` alone lists the targets.
#
# `check` and `test` build with the same options into the same folder, so that nothing is built
# twice. For work on one part, `swift build` and `swift test --filter Name` are enough.
#
# SPDX-License-Identifier: MIT

SWIFT ?= swift
# Warnings are errors in this package; SwiftPM leaves those of other packages alone.
STRICT = -Xswiftc -warnings-as-errors
LINTED = Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help setup build test check lint

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | \
		awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: ## Find or install what is missing, build the engine, verify all
	@bash Tools/setup.sh

build: setup ## Build everything, warnings as errors
	$(SWIFT) build --build-tests $(STRICT)

test: build ## Set up, build, and run all tests
	$(SWIFT) test --disable-xctest $(STRICT)

check: lint build ## Format lint, warnings as errors

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(LINTED)
