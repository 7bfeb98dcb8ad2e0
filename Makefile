# Everything works on a machine with Python 3.11+ (with venv) and make, and nothing else.
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.ready-to-run
TEST_READY := .venv/.ready-to-test
# Packages are locked with hashes, so nothing is resolved here: --no-deps takes exactly what is written.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r

.PHONY: help setup demo up test check bench lock clean

help:
	@echo "make demo   set up, send 20,000 simulated events, build the models and print the answers"
	@echo "make test   set up and run every check and test"
	@echo "make up     serve everything until Ctrl-C"
	@echo "make check  formatting, lint and types only"
	@echo "make bench  measure the collector against a bare application"
	@echo "make clean  remove what set-up, demo and tests made"

setup: $(RUN_READY)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Event Lens needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

$(RUN_READY): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked requirements into .venv (about a minute the first time) ..."
	$(INSTALL) requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_READY): requirements-dev.txt $(RUN_READY)
	@echo "Installing what tests and notebooks need ..."
	$(INSTALL) requirements-dev.txt
	@touch $@

demo: $(RUN_READY)
	$(BIN)/eventlens demo

up: $(RUN_READY)
	$(BIN)/eventlens up

check: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check
	$(BIN)/pytest

bench: $(TEST_READY)
	$(BIN)/python -m bench.collector

lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .eventlens-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info dbt_project/target dbt_project/logs
