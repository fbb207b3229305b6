# One command says yes or no: `make check` while you work (under a minute), `make test` before you hand over (what CI runs).
# `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# What each set of tools was installed from: a stamp older than its inputs is installed again.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
PYPROJECTS := pyproject.toml sdk/python/pyproject.toml
WORKERS ?= 2
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup serve check static test browser generate format lock bench clean

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r c t; do printf '%-16s %s\n' "$$c" "$$t"; done

setup: $(DEV)  ## create .venv with everything for development

$(PY):
	@PYTHON="$(PYTHON)" tools/make_venv.sh $(VENV)

$(RUNTIME): requirements/build.lock requirements/runtime.lock $(PYPROJECTS) | $(PY)
	$(PIP) install --require-hashes -r requirements/build.lock -r requirements/runtime.lock
	$(PIP) install --no-deps --no-build-isolation --editable . --editable sdk/python
	@touch $@

$(DEV): requirements/dev.lock $(RUNTIME)
	$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

serve: $(RUNTIME)  ## run a server with nothing beside it; ARGS="--help" for its options
	$(VENV)/bin/hongyan serve $(ARGS)

static: $(DEV)  ## format, lint, types, imports, our own rules, and that what is generated is fresh
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy $(wildcard src sdk/python tests tools bench)
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m tools.lint
	$(PY) tools/generate.py --check

check: static  ## static, then the unit tests: under a minute
	$(PYTEST) tests/unit tests/tools sdk/python/tests/unit $(ARGS)

test: static browser  ## everything, system tests too: what CI runs
	$(PYTEST) tests sdk/python/tests $(ARGS)

# The page is tested in Debian's own browser. Where it cannot be installed, CI fails and other machines skip those tests.
browser:
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; \
	} >/dev/null || echo "chromium could not be installed; the page stays untested" >&2

generate: $(DEV)  ## write again what is generated: wire code, codes, manuals, vectors
	$(PY) tools/generate.py $(ARGS)
	$(PY) -m tools.make_vectors $(ARGS)

format: $(DEV)  ## format, and mend what ruff can mend safely
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

# Hashes only, no address of an index: a lock must install from any mirror. UPGRADE=1 takes newer versions.
UV_COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

lock: $(DEV)  ## write requirements/*.lock from requirements/*.in
	$(UV_COMPILE) requirements/build.in -o requirements/build.lock
	$(UV_COMPILE) requirements/runtime.in -o requirements/runtime.lock
	$(UV_COMPILE) requirements/dev.in -c requirements/build.lock -c requirements/runtime.lock -o requirements/dev.lock

bench: $(RUNTIME)  ## measure this machine; ARGS="--help" for the profiles
	$(VENV)/bin/hongyan bench $(ARGS)

clean:  ## remove .venv, caches and build results; data/ stays
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
	find src sdk tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
