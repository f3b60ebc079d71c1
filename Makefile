# Everything sets itself up: a Python from 3.11 on, and nothing else, is taken for granted.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
MINUTES ?= 5

# Byte code is written whatever the surroundings say: without it every start compiles keylint anew.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPATH :=

LIVE := --sandbox examples/desk/keylint.sandbox.toml --as-of 2026-11-20T12:00:00Z --format concise

.PHONY: demo test lint faults fuzz bench generate clean

demo: $(BIN)/.run ## Lint the example desk, as declared and as a stand-in for Binance shows it
	@echo '$$ keylint check examples/desk --as-of 2026-11-20'
	@$(BIN)/keylint check examples/desk --as-of 2026-11-20; test $$? -eq 1
	@echo
	@echo '$$ keylint check examples/clean --as-of 2026-11-20'
	@$(BIN)/keylint check examples/clean --as-of 2026-11-20
	@echo
	@echo '$$ keylint check examples/desk $(LIVE)'
	@$(BIN)/keylint check examples/desk $(LIVE); test $$? -eq 1

test: $(BIN)/.test .wheelhouse/.filled ## Run the whole suite, also against the built wheel, and measure coverage
	$(BIN)/python -m pytest -n auto --cov --cov-report=
	$(BIN)/coverage report

lint: $(BIN)/.lint ## ruff (lint and format) and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

faults: $(BIN)/.test ## Every fault of the other side × every live rule × every kind of key: print the table
	$(BIN)/python tests/faults.py

fuzz: $(BIN)/.test ## Throw mutated manifests at keylint for MINUTES minutes
	$(BIN)/python tests/fuzz.py --minutes $(MINUTES)

bench: $(BENCH)/.filled ## Print the speed tables: ratios against what is beside them
	$(BENCH)/bin/python benchmarks/start.py
	$(BENCH)/bin/python benchmarks/scale.py
	$(BENCH)/bin/python benchmarks/positions.py
	$(BENCH)/bin/python benchmarks/screen.py
	$(BENCH)/bin/python benchmarks/asking.py

generate: $(BIN)/.lint ## Write what is generated: the schema screen, the README's tables and outputs
	$(BIN)/python -m keylint.schemas.compile
	$(BIN)/python tests/documents.py --write

clean: ## Remove what was set up
	rm -rf $(VENV) $(BENCH) .wheelhouse build dist *.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("keylint needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(BIN)/.run: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(BIN)/.test: $(BIN)/.run
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

$(BIN)/.lint: $(BIN)/.test
	$(BIN)/python -m pip install --quiet --group lint
	@touch $@

# An environment of its own, with keylint installed as users install it: an editable install, and what measures coverage,
# slow the bare interpreter down that everything is compared with.
$(BENCH)/.filled: $(BIN)/python pyproject.toml $(shell find keylint rules schemas -name '*.py' -o -name '*.md' -o -name '*.json')
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BENCH)/bin/python -m pip install --quiet --force-reinstall --no-deps .
	$(BENCH)/bin/python -m pip install --quiet . --group bench
	rm -rf build *.egg-info
	@touch $@

# The wheels from which the tests build environments of their own, so that the tests need no network.
.wheelhouse/.filled: pyproject.toml $(BIN)/.test
	$(BIN)/python -m pip wheel --quiet --wheel-dir .wheelhouse --group test .
	rm -rf build .wheelhouse/keylint-*.whl
	@touch $@
