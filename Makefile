# Two commands on a fresh machine: `make demo` and `make test`. Each does all its own set-up; second runs skip what is done.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .setup
TORCH := torch==2.13.0
WEB_SOURCES := $(shell git ls-files frontend 2>/dev/null)
# Threads are the product's to choose; libraries must not oversubscribe two cores during tests.
export OMP_NUM_THREADS ?= 1
# The tests start hundreds of Python processes: they keep what was compiled, whatever the surroundings say.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup web gate browser dicom-check slurm-check postgres-check desktop-check demo test test-all lint static frontend-checks openapi weights screenshots pictures settings-page mutants lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMPS)/python $(STAMPS)/web  ## virtual environment, packages and web pages

$(STAMPS)/python: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it (for example: apt-get install python3 python3-venv) and run make again." >&2; exit 1; }
	@mkdir -p $(STAMPS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,crosscheck]"
	touch $@

$(STAMPS)/gate: $(STAMPS)/python  # Monte Carlo; its tests make their own Geant4 data
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[gate,gate-test]"
	touch $@

$(STAMPS)/npm: frontend/package-lock.json
	@command -v node >/dev/null || { echo "Node 20 or newer is needed for the web pages. Install it and run make again." >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { echo "Node 20 or newer is needed, this is $$(node --version)." >&2; exit 1; }
	@mkdir -p $(STAMPS)
	cd frontend && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(STAMPS)/web: $(STAMPS)/npm $(WEB_SOURCES)
	cd frontend && npm run --silent build
	touch $@

gate: $(STAMPS)/gate  ## install GATE 10 (2.7 GB) for Monte Carlo simulation

web: $(STAMPS)/web  ## build the web pages

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the browser tests"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else \
	    echo "The browser tests need Chromium. Install it (for example: sudo apt-get install chromium) and run make test again." >&2; exit 1; \
	  fi; }

# $(call optional,command that finds the programs,Debian packages,what needs them): tests whose programs are missing are skipped and say so
define optional
	@PATH="$$PATH:/usr/sbin"; { $(1); } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing $(2) for $(3)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2) >/dev/null; \
	  else \
	    echo "$(3) will be skipped: install the Debian packages $(2) to run them." >&2; \
	  fi; }
endef

dicom-check:  # dciodvfy and dcm2niix judge the DICOM files we write
	$(call optional,command -v dciodvfy && command -v dcm2niix,dicom3tools dcm2niix,the DICOM tests)

slurm-check:  # a one-node Slurm
	$(call optional,command -v slurmctld && command -v sbatch && command -v munged,slurm-wlm munge,the tests of array jobs)

postgres-check:  # the records' tests run on SQLite and on PostgreSQL
	$(call optional,ls /usr/lib/postgresql/*/bin/initdb || command -v initdb,postgresql,the tests on PostgreSQL)

desktop-check:  # judges the menu entries
	$(call optional,command -v desktop-file-validate,desktop-file-utils,the test of menu entries)

# The records wait for the disk at each commit, and the daily tests make thousands: their folders (half a gigabyte) lie in memory
# where 6 GB are free and programs may be started there. After a failure they stay, to be looked at.
IN_MEMORY = $(shell awk '/MemAvailable/ {exit $$2 < 6000000}' /proc/meminfo 2>/dev/null \
  && test "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 2000000 \
  && probe=$$(mktemp -p /dev/shm flomir-XXXXXX) && { echo true > $$probe; chmod +x $$probe; $$probe && echo /dev/shm; rm -f $$probe; })
# $(call daily,arguments of pytest); PostgreSQL's own user has to reach its folder
define daily
	memory="$(IN_MEMORY)"; \
	if [ -n "$$memory" ]; then export TMPDIR="$$(mktemp -d -p "$$memory" flomir-tests-XXXXXX)"; chmod 711 "$$TMPDIR"; fi; \
	$(BIN)/pytest -q $(1); \
	if [ -n "$$memory" ]; then rm -rf "$$TMPDIR"; fi
endef

demo: setup  ## one orchestrator, four hospitals, a better model (HEADLESS=1 ends by itself)
	@$(BIN)/flomir demo $(if $(HEADLESS),--headless) $(DEMO_ARGS)

static: setup  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

openapi: setup  ## write the OpenAPI documents and the TypeScript types made from them
	$(BIN)/flomir orchestrator openapi > frontend/orchestrator/openapi.json
	$(BIN)/flomir contributor openapi > frontend/contributor/openapi.json
	cd frontend && npm run --silent generate

frontend-checks: setup  ## eslint, tsc, vitest, and that the API types are up to date
	$(BIN)/flomir orchestrator openapi | diff -q - frontend/orchestrator/openapi.json || { echo "the orchestrator's API changed: run make openapi" >&2; exit 1; }
	$(BIN)/flomir contributor openapi | diff -q - frontend/contributor/openapi.json || { echo "the contributor's API changed: run make openapi" >&2; exit 1; }
	cd frontend && npm run --silent generate:check && npm run --silent lint && npm run --silent typecheck && npm run --silent test

lint: static frontend-checks

test: setup browser dicom-check postgres-check desktop-check lint  ## the daily gate, about 25 minutes on 2 cores
	$(call daily,-n 2 --dist worksteal -m "not slow" tests/unit)
	$(call daily,-n 2 --dist loadfile --no-loadscope-reorder -m "not slow" tests/e2e tests/faults tests/integration)

ifdef AFTER_TEST
test-all: setup browser gate slurm-check
else
test-all: test gate slurm-check  ## make test, then the slow tests: GATE, Slurm, faults, the demonstration
endif
	$(BIN)/pytest -q -m slow tests

WEIGHTS := build/weights
PROCESSES ?= 2
weights: setup  ## make the training data (20 GB of memory, half an hour), train the shipped networks (a night) and calibrate them
	$(BIN)/flomir synthesize run perfusion-64 --studies 160 --seed 301 --out $(WEIGHTS)/perfusion-64/first
	$(BIN)/flomir synthesize run perfusion-64 --studies 400 --seed 302 --out $(WEIGHTS)/perfusion-64/second
	$(BIN)/flomir synthesize run many-cameras --studies 36 --seed 201 --out $(WEIGHTS)/many-cameras
	$(BIN)/flomir synthesize run mild-defects --studies 110 --seed 402 --out $(WEIGHTS)/mild-defects
	$(BIN)/flomir synthesize run perfusion-64 --studies 24 --seed 101 --out $(WEIGHTS)/validation/perfusion-64
	$(BIN)/flomir synthesize run mild-defects --studies 20 --seed 102 --out $(WEIGHTS)/validation/mild-defects
	$(BIN)/flomir synthesize run many-cameras --studies 8 --seed 501 --out $(WEIGHTS)/calibration/many-cameras
	$(BIN)/flomir synthesize run perfusion-64 --studies 16 --seed 502 --out $(WEIGHTS)/calibration/perfusion-64
	for recipe in model/weights/recipes/*.args; do \
	  OMP_NUM_THREADS=1 $(BIN)/python -m torch.distributed.run --standalone --nproc-per-node $(PROCESSES) -m flomir train \
	    --data $(WEIGHTS)/perfusion-64 --data $(WEIGHTS)/many-cameras --data $(WEIGHTS)/mild-defects \
	    --validation $(WEIGHTS)/validation $$(cat $$recipe) --out model/weights/$$(basename $$recipe .args).safetensors --resume --force; \
	  if [ -f $${recipe%.args}.set ]; then \
	    $(BIN)/flomir models configure model/weights/$$(basename $$recipe .args).safetensors $$(cat $${recipe%.args}.set); fi; \
	  $(BIN)/flomir models calibrate model/weights/$$(basename $$recipe .args).safetensors --data $(WEIGHTS)/calibration; done

screenshots: setup browser  ## run the browser tests and keep a picture of every page they look at, in screenshots/
	FLOMIR_SCREENSHOTS=screenshots $(BIN)/pytest -q -m "browser and not slow" tests/e2e

pictures: setup browser  ## take the README's pictures again (two minutes)
	$(BIN)/python -m tests.e2e.take_pictures
	$(BIN)/python tests/e2e/take_contact_sheet.py

settings-page: setup  ## write docs/settings.md from the settings classes
	$(BIN)/python -m tests.support.settings_page > docs/settings.md

mutants: setup  ## apply deliberate faults one by one; each must turn a test red
	$(BIN)/python tests/mutants/run.py

lock:  ## write constraints.txt from the present virtual environment
	@{ echo "# Exact versions of everything; written by \`make lock\`."; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed -E 's/^torch( @.*|==.*)/$(TORCH)/; s/ @ .*//' | grep -vE '^(pip|setuptools)=='; } > constraints.txt

clean:  ## remove what was built (not your data)
	rm -rf $(VENV) $(STAMPS) frontend/node_modules orchestrator/web contributor/web
