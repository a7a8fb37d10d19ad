# Each target works on a fresh clone: it makes .venv and installs into it first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: compare test static pytest bench verdicts diagnoses trainings clean

compare: $(INSTALLED)
	$(BIN)/python -m harness compare --cell lstm

# Reading the code and running it go side by side.
test: $(INSTALLED)
	$(MAKE) --no-print-directory --jobs 2 static pytest

static: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow" --gradients lstm,rnn

bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks

verdicts: $(INSTALLED)
	$(BIN)/python -m benchmarks.cost
	$(BIN)/python -m benchmarks.tools --page
	$(BIN)/python -m benchmarks.own_forward
	$(BIN)/python -m benchmarks.sensitivity

diagnoses: $(INSTALLED)
	$(BIN)/python -m benchmarks.diagnoses
	$(BIN)/python -m benchmarks.equations
	$(BIN)/python -m benchmarks.lines

trainings: $(INSTALLED)
	$(BIN)/python -m benchmarks.trainings
	$(BIN)/python -m benchmarks.training

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,test]'
	touch $@

clean:
	rm -rf $(VENV)
