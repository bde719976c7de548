# One command for each thing that people do here. `make` alone lists them.
#
# Everything is made inside this directory (.venv, build, caches); `make clean` takes it away again.
# Stamps in .venv remember what was set up, so that a second run starts at once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

UV_VERSION := 0.13.9
PYTHON := .venv/bin/python
PACKAGES := .venv/.packages.stamp
INSTALLED := .venv/.installed.stamp
NATIVE_SOURCES := $(shell find native -path native/fuzz -prune -o -type f -print 2>/dev/null)
# One worker more than cores, for many tests wait for processes; more than four wait for the longest files.
WORKERS ?= $(shell count=$$(nproc 2>/dev/null || echo 2); echo $$((count < 3 ? count + 1 : 4)))
FUZZ_SECONDS ?= 60
SEEDS ?= 10000
ARGS ?=

export UV_VERSION FUZZ_SECONDS
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export CMAKE_GENERATOR := Ninja

.PHONY: help setup native demo test test-long check fmt simulate bench bench-peers clients fuzz lock stubs pages clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo '  Options go through ARGS, e.g. make demo ARGS="--seconds 10"'

$(PACKAGES): constraints.txt tools/environment.sh
	@tools/environment.sh
	@touch $@

$(INSTALLED): $(PACKAGES) pyproject.toml CMakeLists.txt $(NATIVE_SOURCES)
	@echo 'native: building the C++ core and linking src/ into .venv'
	@rm -f src/trimaran/native/*.so  # left by a build by hand, they would be loaded instead
	@uv pip install --quiet --no-build-isolation --no-deps --reinstall-package trimaran --editable .
	@touch $@

setup: $(INSTALLED) ## Make .venv with every pinned package and the native core in it
	@:

native: $(INSTALLED) ## Build the native core again if its sources changed
	@:

demo: setup ## Run the desk against simulated exchanges on this machine
	@.venv/bin/trimaran demo $(ARGS)

clients: setup ## Install other people's clients, in environments of their own, for the tests
	@$(PYTHON) -m tools.peers ccxt official || echo 'clients: not all could be installed; their tests are skipped'

test: check clients ## Check everything, then run every test that is not long
	@echo 'test: pytest'
	@$(PYTHON) -m pytest -n $(WORKERS) -m 'not long' $(ARGS)

test-long: setup clients ## Run the tests that take minutes: simulations and soaks
	@$(PYTHON) -m pytest -n $(WORKERS) -m long $(ARGS) || [ $$? = 5 ]  # 5: there is none yet

check: setup ## Format, lint, types, import contracts, stubs, pinned packages
	@echo 'check: format'
	@ruff format --quiet --check --output-format concise . || { echo 'check: run "make fmt"' >&2; exit 1; }
	@echo 'check: lint'
	@ruff check --quiet --output-format concise .
	@echo 'check: types'
	@mypy --no-error-summary
	@echo 'check: import contracts'
	@mkdir -p build && lint-imports --no-cache >build/import-contracts.txt || { cat build/import-contracts.txt; exit 1; }
	@echo 'check: stubs of the native core'
	@$(PYTHON) -m tools.stubs --check
	@echo 'check: pages that the registry writes'
	@$(PYTHON) -m tools.venue_pages --check
	@echo 'check: pinned packages'
	@$(PYTHON) -m tools.pins

fmt: setup ## Format the Python sources and fix what the linter can fix
	@ruff format .
	@ruff check --fix .

simulate: setup ## Play SEEDS stories of a desk at simulated venues, faults and crashes included
	@$(PYTHON) -m simulation.run --seeds 1..$(SEEDS) --workers $(WORKERS) $(ARGS)

bench: setup ## Measure the platform: percentiles with their conditions
	@$(PYTHON) -m benchmarks.run $(ARGS)

bench-peers: setup ## Measure other libraries in the same run, in environments of their own
	@$(PYTHON) -m tools.peers $(ARGS)

fuzz: ## Feed garbage to the native core for FUZZ_SECONDS a target, with sanitizers
	@tools/fuzz.sh

lock: $(PACKAGES) ## Pin the packages that pyproject.toml asks for (ARGS=--upgrade for newer ones)
	@uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --extra dev $(ARGS) \
		--output-file constraints.txt pyproject.toml
	@echo 'lock: constraints.txt written; "make setup" installs it'

stubs: setup ## Write the stubs of the native core
	@$(PYTHON) -m tools.stubs

pages: setup ## Write the pages of the docs that the registry prints
	@$(PYTHON) -m tools.venue_pages

clean: ## Remove everything that make has made
	@rm -rf .venv .peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests tools benchmarks simulation examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
