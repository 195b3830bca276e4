# One environment, .venv, made from the lock files. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8501
SERVE ?= 1
WORKSPACE ?= valuekit.toml
ARGS ?=
export PYTHON UPGRADE

BIN := .venv/bin
SAMPLE := sample_data/valuekit.toml

.PHONY: help demo test check bench simulate app lock clean runtime dev

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

demo: runtime  ## sample data, measured and served at http://127.0.0.1:8501 (PORT=, SERVE=0 stops before serving)
	@[ "$(SERVE)" = 0 ] || sh scripts/port.sh "$(PORT)"
	@$(BIN)/valuekit refresh --workspace $(SAMPLE)
	@$(BIN)/valuekit show --workspace $(SAMPLE)
	@[ "$(SERVE)" = 0 ] || exec sh scripts/app.sh $(SAMPLE) "$(PORT)"

app: runtime  ## the dashboard of your own workspace: make app WORKSPACE=path/to/valuekit.toml (PORT=)
	@exec sh scripts/app.sh "$(WORKSPACE)" "$(PORT)"

test: check  ## everything: check, then all tests (ARGS="-k words" picks some)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: dev  ## format, lint, types, import rules
	@sh scripts/check.sh

bench: dev  ## speed against hand-written SQL and peers
	@$(BIN)/python -m benchmarks $(ARGS)

simulate: dev  ## intervals and tests on data with a known truth (ARGS=--write keeps the table)
	@$(BIN)/python -m benchmarks.simulations $(ARGS)

lock: dev  ## write the lock files from pyproject.toml (UPGRADE=1 takes newer versions)
	@sh scripts/lock.sh

clean:  ## remove the environment, caches and the sample store
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -f sample_data/valuekit.db sample_data/valuekit.db-shm sample_data/valuekit.db-wal \
		sample_data/valuekit.db.lock
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@sh scripts/environment.sh runtime

dev:
	@sh scripts/environment.sh dev
