# `make help` lists the targets. A fresh machine needs Python 3.11 or newer; Java and Kafka come by themselves.

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help setup kafka demo test crash lint bench clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Install what requirements.lock names into .venv

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "penstock needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==0.13.8
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

kafka: $(READY) ## Fetch Kafka's jars (demo and test do it when they are missing)
	@$(BIN)/python -c 'from penstock.log.jars import ensure_libs; print(ensure_libs())'

demo: kafka ## Run the whole cycle on this machine, e.g. make demo ARGS="--once --orders 200 --seed 7"
	$(BIN)/penstock demo $(ARGS)

test: kafka ## Run all tests; ARGS are pytest's. Whole stacks come last, a flow at a time: two are too much for two cores
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --ignore tests/e2e --ignore tests/crash $(ARGS)
	$(BIN)/pytest tests/e2e tests/crash --ignore-glob '*/test_second_*' $(ARGS)
	$(BIN)/pytest tests/e2e/test_second_*.py $(ARGS)

crash: kafka ## Every step × every fault, both flows (two hours); a part: make crash ARGS="--sample 40 --seed 7"
	$(BIN)/python tests/crash/matrix.py $(ARGS)

lint: $(READY) ## Style, types, layers and schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/penstock schemas check

bench: kafka ## Measure and print the table, e.g. make bench ARGS="--only stage,sink"
	@$(BIN)/python benchmarks/run.py $(ARGS)

clean: ## Remove what can be made again (the data in .penstock too)
	rm -rf .venv .cache .penstock .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
