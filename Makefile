# tradedeck: `make run` trades, `make test` proves. Each does everything it needs first.

PYTHON ?= python3
UV     ?= uv
ARGS   ?=
JOBS   ?= 2

BIN   := .venv/bin
READY := .venv/.ready
PIP   := $(BIN)/python -m pip install --quiet --disable-pip-version-check

CLIENTS       := build/clients
CLIENTS_READY := $(CLIENTS)/.ready

.PHONY: help setup run test lint types contracts unit slow clients bench screenshots docs lock clean

help:
	@echo "make setup        .venv with pinned, hash-checked tools and $(BIN)/tradedeck"
	@echo "make run          the console on paper; ARGS=\"--seed 7\" passes options"
	@echo "make test         every check: lint, types, import contracts, tests, coverage"
	@echo "make slow         the tests that take minutes"
	@echo "make clients      pybit and ccxt trade on the simulated exchange, in an environment of their own"
	@echo "make bench        measure speed and memory"
	@echo "make screenshots  draw screenshots/*.svg by driving the console"
	@echo "make docs         write the parts of docs/ that are drawn from the code"
	@echo "make lock         choose new versions for both locks (needs uv)"
	@echo "make clean        remove caches, reports and builds; .venv stays"

setup: $(READY)
	@:

run: $(READY)
	@$(BIN)/tradedeck $(ARGS)

test: lint types contracts unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-logo

# The whole project keeps the bound set in pyproject.toml; the core leaves no branch untried.
unit: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov --cov-report= $(ARGS)
	$(BIN)/coverage report
	$(BIN)/coverage report --include='engine/core/*' --fail-under=100

slow: $(READY)
	$(BIN)/python -m pytest -m slow $(ARGS)

clients: $(CLIENTS_READY)
	$(CLIENTS)/bin/python -m pytest tests/clients $(ARGS)

bench: $(READY)
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(READY)
	$(BIN)/python -m screenshots.take

docs: $(READY)
	$(BIN)/python -m docs.draw

lock:
	$(UV) pip compile pyproject.toml --extra speed --group dev --group build --upgrade --universal \
		--generate-hashes --python-version 3.11 --no-header --quiet -o requirements.lock
	$(UV) pip compile pyproject.toml --group clients --universal \
		--generate-hashes --python-version 3.11 --no-header --no-annotate --quiet \
		-o tests/clients/requirements.lock

clean:
	rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache snapshot_report.html bench.json
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# The lock is complete, so nothing is left to resolve: pip 23 would look past its pin for
# `coverage[toml]` and stop at the first release newer than the lock.
# The stamp is written last: an interrupted set-up starts again, a finished one costs nothing.
$(READY): requirements.lock pyproject.toml
	@interpreter=$(or $(wildcard $(BIN)/python),$(PYTHON)); \
	$$interpreter -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "tradedeck needs Python 3.11 or newer, and $$interpreter is not: remove .venv if it is there," \
			"then try 'make setup PYTHON=python3.12'" >&2; \
		exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		rm -rf .venv; \
		echo "$(PYTHON) cannot make .venv: install its venv module (Debian: apt-get install python3-venv)" >&2; \
		exit 1; }
	$(PIP) --no-deps --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(CLIENTS_READY): tests/clients/requirements.lock
	@test -x $(CLIENTS)/bin/python || $(or $(wildcard $(BIN)/python),$(PYTHON)) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r tests/clients/requirements.lock
	@touch $@
