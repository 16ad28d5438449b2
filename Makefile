# Two commands matter: `make up` and `make test`. Everything they need is made by the rules below.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export UV_PYTHON_DOWNLOADS ?= never
export PATH := $(CURDIR)/.tools/node/bin:$(PATH)

UV := .tools/uv/bin/uv
RUN := $(UV) run --locked --quiet
BRAIN := brain/.venv/bin/python
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help up test check bench install web clean test-fast torture docs

help: ## What can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

up: install web ## Start everything and print the addresses
	@exec .venv/bin/warmline up

test: install web .tools/chromium ## Every test; one closing line
	@$(RUN) python -m scripts.test

test-fast: install ## The service's tests without browser and real processes
	@$(RUN) pytest -q -m "not e2e and not real" --ignore tests/brain --ignore tests/actions --ignore tests/stories

check: install .tools/node web/node_modules/.stamp ## Lint, types, architecture
	@$(RUN) ruff check .
	@$(RUN) ruff check --config brain/ruff.toml brain actions tests/brain tests/actions
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) lint-imports --no-cache
	@$(RUN) warmline flows lint --min-score 80
	@$(RUN) warmline sla lint
	@$(RUN) warmline copy lint
	@$(RUN) python scripts/docs.py --check
	@cd web && npm run --silent lint && npm run --silent check

bench: install web ## Figures beside the alternatives, one run
	@$(RUN) --group bench python -m bench

torture: install ## Services, brain and database killed at random; lost, doubled, reordered, early, late
	@$(RUN) python -m bench.torture --messages 50000 --minutes 10 --openers 6

docs: install ## Make the generated pages again
	@$(RUN) python scripts/docs.py

install: .venv/.stamp brain/.venv/.stamp ## Both environments, from their lock files

web: .tools/node web/dist/.stamp ## Build the browser parts

.tools/uv/bin/uv:
	@bash scripts/get-uv

.venv/.stamp: uv.lock pyproject.toml | $(UV)
	@bash scripts/python-for 3.12 3.13 | xargs -I{} $(UV) sync --locked --quiet --python {}
	@touch $@

brain/.venv/.stamp: brain/uv.lock brain/pyproject.toml | $(UV)
	@bash scripts/python-for 3.10 | xargs -I{} $(UV) sync --project brain --locked --quiet --python {}
	@touch $@

.tools/node: | $(UV)
	@bash scripts/get-node

web/node_modules/.stamp: web/package-lock.json | .tools/node
	@cd web && npm ci --silent --no-audit --no-fund
	@touch $@

web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	@cd web && npm run --silent build
	@touch $@

.tools/chromium:
	@bash scripts/get-chromium

clean: ## Forget everything that was made
	rm -rf .venv brain/.venv .tools web/dist web/node_modules models
