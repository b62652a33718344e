# Two commands for a newcomer: `make demo` and `make test`. Everything they need they install themselves,
# into .venv in this folder; a browser comes from Playwright, else from the system, else from Debian's packages.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup browser pooler demo test lint types contracts docs lock bench mutants soak clean

help:  ## list what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml requirements.lock
	@echo "==> a Python environment in $(VENV), with the versions of requirements.lock"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "gatekeeper needs Python 3.11 or newer; run: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

setup: $(VENV)/.installed  ## make the environment

browser: setup  ## find a browser, or install one
	@sh tests/install_browser.sh $(BIN)

demo: setup browser  ## the whole story on the bundled clinic: catch, prove, release, roll back
	@$(BIN)/gatekeeper demo

pooler: setup
	@sh tests/install_pgbouncer.sh

test: setup browser pooler  ## everything that must hold before a commit
	@echo "==> style";     $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> types";     $(BIN)/mypy
	@echo "==> contracts"; $(BIN)/lint-imports
	@echo "==> tests";     $(BIN)/pytest -n 2 --dist worksteal

bench: setup  ## figures beside other tools, each in one run; nothing is asserted
	@$(BIN)/python -m tests.bench.bake
	@$(BIN)/python -m tests.bench.stall
	@test -x $(VENV)/squawk/bin/squawk || { $(PYTHON) -m venv $(VENV)/squawk \
		&& $(VENV)/squawk/bin/python -m pip install --quiet squawk-cli; }
	@$(BIN)/python -m tests.bench.lint_against_squawk "$(CORPUS)" $(VENV)/squawk/bin/squawk
	@test -x $(VENV)/pytest-alembic/bin/pytest || { $(PYTHON) -m venv $(VENV)/pytest-alembic \
		&& $(VENV)/pytest-alembic/bin/python -m pip install --quiet pytest-alembic 'psycopg[binary]'; }
	@$(BIN)/python -m tests.bench.verify_against_loop "$(CORPUS)" $(VENV)/pytest-alembic/bin/python

mutants: setup  ## what rollback checkers find: ours, pg_dump, Alembic, migra; written into the docs
	@$(BIN)/python -W ignore -m tests.bench.rollback_mutants --write

docs: setup  ## the pages of the docs that are made from rules and statement forms
	@$(BIN)/python -m tests.migrations_lint.hazards
	@$(BIN)/python -m tests.migrations_lint.lock_table

soak: setup  ## what must hold of any file or schema, tried with many more examples
	@GATEKEEPER_FUZZ_EXAMPLES=10000 $(BIN)/pytest -n 2 --timeout 0 tests/migrations_lint/test_fuzz.py
	@GATEKEEPER_SOAK_EXAMPLES=1000 $(BIN)/pytest --timeout 0 tests/staging/test_compare_and_pg_dump.py
	@GATEKEEPER_SOAK=1 $(BIN)/pytest -n 2 tests/acceptance/test_crashes.py tests/apply/test_crashes.py tests/apply/test_standby.py
	@$(BIN)/pytest -n 2 --timeout 0 tests/gatekeeper/test_inject_histories.py  # GATEKEEPER_HISTORIES names folders

lock:  ## write requirements.lock anew: the newest versions that pyproject.toml allows
	@$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group dev --no-emit-index-url --no-header \
		--no-annotate --generate-hashes pyproject.toml --output-file requirements.lock

clean:  ## remove the environment and what runs have left
	rm -rf $(VENV) .gatekeeper dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
