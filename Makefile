# Two commands do everything on a machine with Python 3.11 or newer:
#   make demo    make an environment, install, run the main job
#   make test    the same, then format, lint, types, contracts, tests
# and three more: make bench (the benchmark of derivatives; NAME=memo and so on for another of
# those in benchmarks/, ARGS="--seed 7 --write" and so on), make bench-surface, make clean.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONNOUSERSITE := 1
MAKEFLAGS += --no-print-directory

.PHONY: demo test browser bench bench-surface clean

# One thread: the matrices are small, and threads that wait for each other cost more.
demo: $(VENV)/installed-demo
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m examples.digits

test: $(VENV)/installed-dev browser
	@./check

# HTML reports are opened in a real browser. Where it is not there and cannot be brought,
# those tests are skipped and say so; with CI=true they fail.
browser:
	@for name in chromium chromium-browser google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium, in which tests open the HTML reports"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "no chromium: tests of HTML reports in a browser are skipped (apt-get install chromium)"

bench: $(VENV)/installed-bench
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.$(or $(NAME),run) $(ARGS)

# Surfaces want all processors, and do their own threading.
bench-surface: $(VENV)/installed-bench
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.surface $(ARGS)

clean:
	@rm -rf $(VENV) out build dist .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of extras: the second run installs nothing.
$(VENV)/installed-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing clinometer[$*] and what it needs; the first time takes minutes"
	@$(BIN)/python -m pip install -q -c constraints.txt -e ".[$*]"
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) not found: install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "clinometer needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make environments here; on Debian: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
