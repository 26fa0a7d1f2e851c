# Two commands do everything: `make demo` shows the study, `make test` proves it. `make help` lists the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
RUNS ?= 3
LANGUAGES := nb en

VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip -qq --no-input
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
# Where .venv has a Node, it comes first.
NODE_PATH_FIRST := PATH="$(CURDIR)/$(BIN):$$PATH"
NPM_FLAGS := --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

TRANSLATIONS := btb_pro/translations
CATALOGUES := $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
MANIFEST := btb_pro/static/manifest.json
NODE_MODULES := assets/node_modules/.package-lock.json
CHECKERS := assets/node_modules/.checkers.stamp

# The tests start hundreds of Pythons: where no compiled files are kept, each compiles the app anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check faults pages screens bench lint env assets translations roles openapi compile lock chromium strace r clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: env assets compile ## Builds a made-up study and serves it (PORT=8000, HOST=127.0.0.1)
	@exec $(BIN)/btb-pro demo --host "$(HOST)" --port "$(PORT)"

test: $(VENV)/test.stamp assets compile chromium strace r lint ## Runs everything that CI runs: lint, types, all tests
	$(BIN)/pytest -n 2
	$(BIN)/pytest -n 2 --browser-on postgresql tests/browser/test_visit.py tests/browser/test_saving_on_the_tap.py

check: $(VENV)/test.stamp assets compile strace r lint ## Runs lint, types and the tests that need no browser
	$(BIN)/pytest -n 2 -m "not browser"

faults: $(VENV)/test.stamp assets compile strace ## Kills, cuts, fills and locks under load: what is lost? (LONG=1 for a night)
	@$(BIN)/python -m tests.faults $(if $(LONG),--long)

pages: $(VENV)/test.stamp $(CHECKERS) assets compile chromium ## Measures the participant's pages on a slow phone, each number beside its bar
	@$(NODE_PATH_FIRST) $(BIN)/python -m tests.pages.measure --runs $(RUNS)

screens: $(VENV)/test.stamp assets compile chromium ## Takes a picture of every page in every language and state: build/screens/index.html
	@$(BIN)/python -m tests.screens.make_screens

bench: $(VENV)/test.stamp compile ## Exports one million answers in every format, and tells rate and memory
	@$(BIN)/python -m tests.bench.exports

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/mypy --num-workers 2

env: $(VENV)/base.stamp ## Makes .venv with what the app needs

assets: $(MANIFEST) ## Builds the style sheet and the page script into btb_pro/static

compile: $(COMPILED)

# ---------------------------------------------------------------- the environment

# Debian keeps venv's pip in a package of its own; where it is missing and we may, we install it.
$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
	test -n "$$python" || { \
	  echo "btb_pro needs Python 3.11 or later. Where it has another name: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; exit 1; }; \
	echo "Making $(VENV) (once, about a minute)"; \
	$$python -c 'import ensurepip' 2>/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq >/dev/null && \
	  $(APT_INSTALL) python3-venv >/dev/null && $$python -c 'import ensurepip' 2>/dev/null; } || { \
	  echo "This Python cannot make environments: install the package python3-venv, then run make again." >&2; exit 1; }; \
	$$python -m venv --clear $(VENV)

$(VENV)/base.stamp: requirements/base.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/base.stamp
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

# ---------------------------------------------------------------- the style sheet

# The machine's Node if it is new enough; otherwise one from the Python registry, inside .venv.
$(NODE_MODULES): assets/package.json assets/package-lock.json assets/.npmrc requirements/node.txt | $(VENV)/base.stamp
	@if ! { command -v npm && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; } >/dev/null 2>&1; then \
	  echo "Bringing Node into $(VENV)"; $(PIP) install --require-hashes -r requirements/node.txt; fi
	@cd assets && $(NODE_PATH_FIRST) npm ci --omit=dev $(NPM_FLAGS) >/dev/null
	@touch $@

# What only `make pages` needs.
$(CHECKERS): $(NODE_MODULES)
	@cd assets && $(NODE_PATH_FIRST) npm ci $(NPM_FLAGS) >/dev/null
	@touch $(NODE_MODULES) $@

$(MANIFEST): assets/build.py assets/first_page.py assets/narrowing.py assets/participant.css assets/participant.js assets/console.css \
		assets/console.js \
		assets/designsystemet.config.json $(wildcard btb_pro/templates/participant/*.html) $(NODE_MODULES)
	@$(NODE_PATH_FIRST) $(BIN)/python -m assets.build

# ---------------------------------------------------------------- words

%.mo: %.po | $(VENV)/base.stamp
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

translations: $(VENV)/base.stamp ## Brings the catalogues up to date with the code, without line numbers and dates
	@mkdir -p $(TRANSLATIONS)
	@cd btb_pro && ../$(BIN)/pybabel --quiet extract --mapping-file ../babel.cfg --keywords lazy_gettext --keywords lazy_ngettext:1,2 \
	  --add-comments Translators: --no-location --no-wrap --sort-output --project btb_pro --version 1 \
	  --header-comment "# Translations of btb_pro." --output-file translations/messages.pot .
	@for language in $(LANGUAGES); do \
	  po=$(TRANSLATIONS)/$$language/LC_MESSAGES/messages.po; \
	  if test -f $$po; then $(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --no-wrap \
	      --input-file $(TRANSLATIONS)/messages.pot --output-dir $(TRANSLATIONS) --locale $$language; \
	  else $(BIN)/pybabel --quiet init --no-wrap \
	      --input-file $(TRANSLATIONS)/messages.pot --output-dir $(TRANSLATIONS) --locale $$language; fi || exit 1; \
	done
	@for file in $(TRANSLATIONS)/messages.pot $(LANGUAGES:%=$(TRANSLATIONS)/%/LC_MESSAGES/messages.po); do \
	  sed '/^"POT-Creation-Date:/d; /^"PO-Revision-Date:/d; /^"Generated-By:/d; /^"Report-Msgid-Bugs-To:/d; /^"Last-Translator:/d; /^"Language-Team:/d' $$file > $$file.new && mv $$file.new $$file; done
	@$(MAKE) --no-print-directory compile

roles: $(VENV)/test.stamp ## Writes docs/roles.md from the table of roles and routes
	@$(BIN)/python -m tests.guards.roles_page

openapi: $(VENV)/test.stamp ## Writes docs/openapi.json from the API's operations
	@$(BIN)/python -m tests.guards.openapi_file

# ---------------------------------------------------------------- locks and tools

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header $(LOCK_FLAGS)

lock: $(VENV)/base.stamp ## Remakes the lock files from pyproject.toml and package.json (LOCK_FLAGS=--upgrade for newer versions)
	@$(PIP) install --require-hashes -r requirements/lock.txt
	$(LOCK) pyproject.toml --output-file requirements/base.txt
	$(LOCK) pyproject.toml --extra postgresql --extra redcap --extra statistics --group test --constraint requirements/base.txt --output-file requirements/test.txt
	@for group in build node lock; do $(LOCK) --group $$group --output-file requirements/$$group.txt || exit 1; done
	cd assets && $(NODE_PATH_FIRST) npm install --package-lock-only $(NPM_FLAGS)

# The engine without a window, from Debian; or any Chromium on PATH; or the one that Playwright fetches.
chromium: | $(VENV)/test.stamp
	@command -v chromium-headless-shell >/dev/null && exit 0; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium from Debian's packages"; apt-get update -qq >/dev/null; \
	  $(APT_INSTALL) chromium-headless-shell fonts-noto-core >/dev/null 2>&1 && exit 0; fi; \
	for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  $(APT_INSTALL) chromium fonts-noto-core >/dev/null && exit 0; fi; \
	$(BIN)/python -m playwright install chromium && exit 0; \
	echo "The browser tests need Chromium: install the package chromium-headless-shell, or let \`$(BIN)/playwright install chromium\` fetch one." >&2; exit 1

# What the simulated power cut watches the app with.
strace:
	@command -v strace >/dev/null && exit 0; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  apt-get update -qq >/dev/null && $(APT_INSTALL) strace >/dev/null && exit 0; fi; \
	echo "The test of power cuts needs the package strace: install it, then run make again." >&2; exit 1

# What the CSV files' own script is run by.
r:
	@command -v Rscript >/dev/null && exit 0; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Installing R from Debian's packages"; \
	  apt-get update -qq >/dev/null && $(APT_INSTALL) r-base-core >/dev/null && exit 0; fi; \
	echo "The test of the script for R needs Rscript: install the package r-base-core, then run make again." >&2; exit 1

clean: ## Removes what make made; instance/ stays
	rm -rf $(VENV) assets/node_modules assets/build btb_pro/static build dist *.egg-info
	find btb_pro -name '*.mo' -delete
