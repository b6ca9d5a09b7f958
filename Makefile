# Every target sets up what it needs: a virtual environment in .venv and packages from the registry.
PYTHON ?= python3
BIN := .venv/bin
# Packages are compiled as they are used: most of what the model libraries bring never is.
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
HF := plugins/elena-wb-hf
TINY := plugins/elena-wb-tiny
GGUF := plugins/elena-wb-gguf
GEMINI := plugins/elena-wb-gemini
OPENAI := plugins/elena-wb-openai
RAY := plugins/elena-wb-ray

.PHONY: help demo test lint types contracts tests docs bench release format clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.runtime  ## The whole study on rendered figures and the embedded model, offline
	@$(BIN)/elena-wb demo

test: lint types contracts tests  ## Lint, types, import contracts and tests

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev
	$(BIN)/mypy elena_wb $(HF)/elena_wb_hf $(TINY)/elena_wb_tiny $(GGUF)/elena_wb_gguf $(GEMINI)/elena_wb_gemini \
		$(OPENAI)/elena_wb_openai $(RAY)/elena_wb_ray release $(wildcard docs/examples/*/src/elena_wb_*)

contracts: .venv/.dev
	$(BIN)/lint-imports

tests: .venv/.dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

docs: .venv/.docs  ## Build the documentation into build/docs; what does not lead anywhere is an error
	@$(BIN)/sphinx-build -b html -W --keep-going -n -q -d build/doctrees docs build/docs
	@echo 'The documentation begins at build/docs/index.html.'

bench: .venv/.dev  ## Time the engine, planning and start-up against named baselines
	$(BIN)/python -m bench
	$(BIN)/python -m bench.findings

release: .venv/.dev  ## Build and check every distribution, install the wheels afresh and run the demo from them
	@$(BIN)/python -m release $(RELEASE)

format: .venv/.dev  ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove the environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "elena-wb needs Python 3.11 or newer"'
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python constraints.txt $(PROJECTS)
	$(PIP) --editable . --editable $(HF) --editable $(TINY)
	@touch $@

.venv/.dev: .venv/.runtime
	$(PIP) --editable '.[dev,docs]' --editable '$(HF)[constrained]' --editable '$(TINY)[export]' --editable $(GGUF) \
		--editable $(GEMINI) --editable '$(OPENAI)[dev]' --editable $(RAY)
	@touch $@

.venv/.docs: .venv/.runtime
	$(PIP) --editable '.[docs]'
	@touch $@
