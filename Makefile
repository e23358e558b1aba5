# The portal's commands. Each works as the first command on a fresh machine with Python 3.11 or newer.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
BIN := .venv/bin
SPHINX = $(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going -E -c docs -d var/docs-cache

.DEFAULT_GOAL := help
.PHONY: help demo run test coverage check fix docs pins sbom bench mutate clean

help: ## List the commands
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready ## Run the portal with demonstration data until Ctrl-C (PORT=8000)
	@PORTAL_MODE=demo PORT=$(PORT) $(BIN)/python -m cosme_portal.demo

run: .venv/ready ## Run the development server, with reload and the debug toolbar (PORT=8000)
	@PORTAL_MODE=development PORT=$(PORT) $(BIN)/python -m cosme_portal.development

test: .venv/ready ## Run all tests (ARGS="-k deadline" selects some)
	@$(BIN)/python -m pytest $(ARGS)

coverage: .venv/ready ## Run all tests and measure which lines and branches they reach (5 more minutes)
	@mkdir -p var/coverage && rm -f var/coverage/data*
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: .venv/ready ## Check style, types, layers, licences, migrations, generated documents and scripts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs $(BIN)/djade --check --target-version 5.2
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs $(BIN)/djhtml --tabwidth 2 --check
	@$(BIN)/lint-imports
	@$(BIN)/python tools/check_names.py
	@$(BIN)/reuse lint --lines
	@$(BIN)/mypy .
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py check --fail-level WARNING
	@$(BIN)/python manage.py generate_docs --check
	@$(SPHINX) -b dummy . var/docs-check
	@sh cosme_portal/check_scripts.sh

fix: .venv/ready ## Format code and templates, update generated documents
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 || true
	@git ls-files -co --exclude-standard 'templates/*.html' | xargs $(BIN)/djhtml --tabwidth 2
	@$(BIN)/python manage.py generate_docs
	@! test -d node_modules || npm run --silent fix

docs: .venv/ready ## Build the documentation site (var/site); a broken link fails
	@$(SPHINX) -b html . var/site
	@echo "The documentation is in var/site/index.html"

pins: .venv/ready ## Pin all requirements with hashes
	@for name in requirements requirements-dev; do \
	    $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	        $$name.in --output-file $$name.txt || exit 1; done

sbom: .venv/ready ## Write a CycloneDX list of the run-time packages (var/sbom.cdx.json)
	@mkdir -p var
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements requirements.txt \
	    --pyproject pyproject.toml --output-reproducible --output-file var/sbom.cdx.json
	@echo "Written to var/sbom.cdx.json"

bench: .venv/ready ## Measure speed and memory against a baseline from the same run
	@PORTAL_MODE=development $(BIN)/python -m cosme_portal.bench $(ARGS)

mutate: .venv/ready ## Run mutation tests (8 minutes; ARGS="foundation.merkle*" for one area)
	@rm -rf mutants
	@$(BIN)/mutmut run $(ARGS) | tail -c 200
	@$(BIN)/mutmut results | grep -v 'not checked$$' || true

clean: ## Remove the virtual environment and all data under var/
	@rm -rf .venv var mutants node_modules

.venv/ready: requirements.txt requirements-dev.txt cosme_portal/setup.sh
	@PYTHON=$(PYTHON) sh cosme_portal/setup.sh
