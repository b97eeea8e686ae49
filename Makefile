# Everything runs in .venv, which the first target that needs it makes: a fresh clone needs Python >= 3.11 alone.
PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
SOURCES := eventsim networks tests benchmarks docs/examples

.PHONY: demo test lint format bench wheel clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.scenarios  ## the main scenario: real scanned digits classified by the order of spikes
	$(BIN)/eventsim run scenarios/digits.toml

test: lint  ## what CI runs: with CI set, nothing compiled by an earlier run is used
	@if [ -n "$$CI" ]; then NUMBA_CACHE_DIR=$$(mktemp -d) && export NUMBA_CACHE_DIR; fi; \
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --durations=15; status=$$?; \
	if [ -n "$$CI" ]; then rm -rf "$$NUMBA_CACHE_DIR"; fi; exit $$status

lint: $(VENV)/.development
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.development
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/.scenarios  ## table and figure of results/benchmarks; BENCH="--only cuba --repeats 3" for a part of it
	$(BIN)/python -m benchmarks $(BENCH)
	$(BIN)/python -m benchmarks.luts
	$(BIN)/python -m benchmarks.hardware

wheel: $(VENV)/.development
	$(BIN)/python -m build --wheel

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.scenarios: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[scenarios]"
	@touch $@

$(VENV)/.development: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	@touch $@ $(VENV)/.scenarios
