# VN Stock Tracker. `make demo` is all a newcomer needs; every target sets up what it needs first.

# One path, spaces and all: MAKEFILE_LIST names this file only.
ROOT := $(shell dirname "$(strip $(MAKEFILE_LIST))")
IN_ROOT = cd "$(ROOT)" && exec
PYTHON = $(IN_ROOT) .venv/bin/python
ARGS =

.PHONY: help setup demo live services test e2e rules coverage browser lint types check bench load report smoke audit clean

help: ## Show the targets.
	@cd "$(ROOT)" && sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

setup: ## Make .venv, install, compile translations, fetch the chart script.
	@$(IN_ROOT) sh scripts/setup

demo: setup ## Run everything on a simulated market until Ctrl-C.
	@$(PYTHON) manage.py demo $(ARGS)

live: setup ## Run everything on SSI FastConnect with the credentials in .env until Ctrl-C.
	@$(PYTHON) manage.py live $(ARGS)

services: setup ## Run PostgreSQL and Valkey alone and print their addresses.
	@$(PYTHON) manage.py devservices $(ARGS)

test: setup ## Run the tests except those of the whole system and in a browser.
	@$(PYTHON) -m pytest -n 2 --ignore tests/browser --ignore tests/integration --ignore tests/e2e $(ARGS)

e2e: setup ## Run the tests of the whole system: many processes, kills, days of the market.
	@$(PYTHON) -m pytest -n 3 --dist loadfile tests/e2e tests/integration $(ARGS)

rules: setup ## Run the tests of the market's and the alerts' rules: every branch of them.
	@$(IN_ROOT) sh scripts/coverage domain

coverage: setup ## Run the tests under coverage and hold it to its bars; takes long.
	@$(IN_ROOT) sh scripts/coverage

browser: setup ## Run the tests in a real Chromium.
	@$(PYTHON) -m pytest -n 3 --dist loadfile tests/browser $(ARGS)

lint: setup ## Check style and format.
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check

types: setup ## Check types.
	@$(PYTHON) -m mypy tracker market alerts

check: setup ## Run Django's checks, those of production too, and look for missing migrations.
	@$(PYTHON) manage.py check --fail-level ERROR
	@cd "$(ROOT)" && ENV_FILE=docker/check.env exec .venv/bin/python manage.py check --deploy --fail-level WARNING
	@$(PYTHON) manage.py makemigrations --check --dry-run

bench: setup ## Measure; prints one JSON object a line.
	@$(PYTHON) -m tests.bench $(ARGS)

load: setup ## Measure sockets and pages under load; prints one JSON object a line.
	@$(PYTHON) -m tests.load --bars $(ARGS)

report: setup ## Measure everything and write reports/; exit 1 when a bar is missed.
	@$(PYTHON) -m tests.load.report $(ARGS)

smoke: setup ## Half a minute of a few users of every kind; exit 1 on any error.
	@$(PYTHON) -m tests.load.report --quick $(ARGS)

audit: setup ## Ask PyPI and npm for known vulnerabilities of what is installed.
	@$(PYTHON) scripts/audit.py

clean: ## Remove what setup, demo and tests made.
	@cd "$(ROOT)" && if [ -x .venv/bin/python ]; then .venv/bin/python manage.py devservices --remove-data; fi
	@cd "$(ROOT)" && rm -rf .venv .run node_modules staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
