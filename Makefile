# Each target works on a fresh clone: it makes .venv and installs into it first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: compare test static pytest bench verdicts diagnoses trainings picture screenshots badge site clean

compare: $(INSTALLED)
	$(BIN)/python -m harness compare --cell lstm

# Reading the code and running it go side by side.
test: $(INSTALLED)
	$(MAKE) --no-print-directory --jobs 2 static pytest

static: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Two processes, with a thread each: more would only wait for each other.
pytest: $(INSTALLED)
	mkdir -p build
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" \
		--gradients lstm,rnn --gradients-report build/gradients.json --numprocesses 2 --dist worksteal

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

# To be looked at, in build/screenshots.
screenshots: $(INSTALLED)
	$(BIN)/python -m benchmarks.screenshots

# Of the README: the model question.
picture: $(INSTALLED)
	-$(BIN)/python -m harness compare --candidate harness/casebook/theano-versus-python/broken.py \
		--out docs/model-question.svg

trainings: $(INSTALLED)
	$(BIN)/python -m benchmarks.trainings
	$(BIN)/python -m benchmarks.training

# Of the README, from what the test command found out.
badge: $(INSTALLED) build/gradients.json
	$(BIN)/python -m harness badge build/gradients.json --out docs/badge.svg
	$(BIN)/python -m harness badge build/gradients.json --out docs/badge.json

build/gradients.json:
	$(MAKE) --no-print-directory pytest

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,test]'
	touch $@

# The manual, in site/. Warnings are errors: a broken link is one.
site: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV)
