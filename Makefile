# Everything works on a machine with Python 3.11+ (with venv) and make, and nothing else.
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.ready-to-run
TEST_READY := .venv/.ready-to-test
CLIENTS := $(patsubst %/package-lock.json,%,$(wildcard tests/*/node/package-lock.json))
CLIENTS_READY := $(CLIENTS:%=%/node_modules/.package-lock.json)
# Packages are locked with hashes, so nothing is resolved here: --no-deps takes exactly what is written.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r

# What takes long: Dagster's page and JupyterLab in a browser, what strangers can send, collectors killed in rounds, and
# builds that are disturbed. One of these, a build that is interrupted, stands for them in every test run.
LONG := $(addprefix tests/,end_to_end/test_dagster_page.py end_to_end/test_notebook_page.py end_to_end/test_strangers.py crashes/test_rounds.py) \
	$(filter-out tests/builds/test_interrupted_build.py,$(wildcard tests/builds/test_*.py))

# Whole programs that are started, killed, restored and asked as by their users. CI runs them after `make test`.
JOURNEYS := $(addprefix tests/,builds/test_interrupted_build.py crashes end_to_end shards targets spec/test_changed_columns.py \
	warehouse/test_leaving.py warehouse/test_process.py unit/orchestration/test_maintenance.py \
	unit/orchestration/test_served_dagster.py unit/orchestration/test_webserver.py unit/query/test_notebooks.py)

.PHONY: help setup demo up notebook docs test journeys image check faults reference bench lists lock clean

help:
	@echo "make demo   set up, send 20,000 simulated events, build the models and print the answers"
	@echo "make test   set up and run every check and test, but journeys and faults"
	@echo "make journeys  test whole programs: from events to numbers, shards, backups, kills"
	@echo "make up     serve everything until Ctrl-C"
	@echo "make notebook  open JupyterLab on the demo's data (make demo runs first if it has not yet)"
	@echo "make docs   show dbt's documentation of the models, with their lineage"
	@echo "make check  formatting, lint and types only"
	@echo "make faults kill collectors, warehouses and builds, and read from tables meanwhile"
	@echo "make image  build the container image in chroots and run compose and Kubernetes files with it, as root"
	@echo "make reference  hold tables and random questions against the reference (about a quarter of an hour)"
	@echo "make bench  measure the collector, landing, builds and questions"
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

# The published JavaScript clients; without npm the tests that drive them skip and say so.
$(CLIENTS_READY): %/node_modules/.package-lock.json: %/package-lock.json
	@if command -v npm > /dev/null; then \
		echo "Installing the JavaScript clients of $* ..."; \
		cd $* && npm ci --loglevel=error && touch node_modules/.package-lock.json; \
	else \
		echo "npm is missing: the tests of $* will be skipped."; \
	fi

demo: $(RUN_READY)
	$(BIN)/eventlens demo

up: $(RUN_READY)
	$(BIN)/eventlens up

# EVENTLENS_HOME names another home than the demo's.
notebook: export EVENTLENS_HOME ?= .eventlens-demo
notebook: $(TEST_READY)
	@test -d $(EVENTLENS_HOME) || env -u EVENTLENS_HOME $(BIN)/eventlens demo
	$(BIN)/eventlens notebook

docs: $(RUN_READY)
	$(BIN)/eventlens docs

check: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Three processes for two cores: each waits for others a fifth of its time.
test: check $(CLIENTS_READY)
	$(BIN)/pytest -n 3 $(JOURNEYS:%=--ignore %) $(LONG:%=--ignore %)

journeys: $(TEST_READY) $(CLIENTS_READY)
	$(BIN)/pytest -n 3 $(LONG:%=--ignore %) $(JOURNEYS)

faults: $(TEST_READY) $(CLIENTS_READY)
	$(BIN)/python -m tests.crashes
	$(BIN)/pytest tests/builds $(filter-out tests/builds/%,$(LONG))

image: $(TEST_READY)
	$(BIN)/python -m tests.image

reference: $(TEST_READY)
	$(BIN)/python -m tests.reference
	EVENTLENS_RANDOM_QUESTIONS=5000 $(BIN)/python -m pytest -q --timeout=3600 tests/unit/query/test_random_answers.py

bench: $(TEST_READY)
	$(BIN)/python -m bench.collector
	$(BIN)/python -m bench.landing
	$(BIN)/python -m bench.imports
	$(BIN)/python -m bench.models
	$(BIN)/python -m bench.served
	$(BIN)/python -m bench.questions
	$(BIN)/python -m bench.years
	$(BIN)/python -m bench.layout
	$(BIN)/python -m bench.shards

lists: $(RUN_READY)
	$(BIN)/python -m pip install --quiet --upgrade crawler-user-agents
	$(BIN)/python -m collector.enrichment.lists

lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .eventlens-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info dbt_project/target dbt_project/logs $(CLIENTS:%=%/node_modules)
