# Huanxin: `make up` runs everything, `make test` proves it, `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_SEASON := 2024-09-01T09:58:00+08:00
COMPILE = $(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links
.DEFAULT_GOAL := help

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

up: $(VENV)/ready ## run everything on this machine (Ctrl-C stops it)
	@if [ -z "$$HUANXIN_AS_OF$$HUANXIN_WECHAT_APPID" ] && ! grep -qsE '^[[:space:]]*HUANXIN_(AS_OF|WECHAT_APPID)=.' .env; \
	then exec $(BIN)/huanxin up --as-of $(DEMO_SEASON); else exec $(BIN)/huanxin up; fi

install: $(VENV)/ready ## install only, for machines that others start (OPERATING.md)

test: $(VENV)/ready-dev ## run all tests (TESTS=… for some)
ifdef TESTS
	@$(BIN)/python -m pytest $(TESTS)
else
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --ignore tests/journeys
	@$(BIN)/python -m pytest tests/journeys
endif

bench: $(VENV)/ready-dev ## how fast vouchers are claimed and questions answered (needs wrk; BENCH=--help)
	@$(BIN)/python -m tests.bench $(BENCH)

check: $(VENV)/ready-dev ## format, lint, types, architecture, policy packs, migrations, dependencies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/huanxin policy check
	@$(BIN)/python -m miniapi.database.drafting --check
	@$(BIN)/python .ci/audit.py requirements-dev.lock requirements-uv.lock

migration: $(VENV)/ready-dev ## draft the migration that changed models ask for
	@$(BIN)/python -m miniapi.database.drafting

format: $(VENV)/ready-dev ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(BIN)/uv ## choose new versions of what we depend on
	@echo uv | $(COMPILE) --upgrade -o requirements-uv.lock -
	@$(COMPILE) --extra build --upgrade -o requirements.lock pyproject.toml
	@$(COMPILE) --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## remove what was installed (never the data under var)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV) >/dev/null || { rm -rf $(VENV); \
	  echo "The venv module is missing: install it (Debian: apt install python3-venv), then try again." >&2; exit 1; }

$(BIN)/uv: $(BIN)/python
	@test -x $(BIN)/uv || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock

$(VENV)/ready: requirements.lock pyproject.toml | $(BIN)/uv
	@echo "installing what Huanxin needs"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@echo "installing what tests need"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: help up install test bench check migration format lock clean
