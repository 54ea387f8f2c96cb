# Everything runs in .venv, which the first command makes. PYTHON may name another interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := runs/demo

.PHONY: help demo test test-long test-docs coverage lint bench fuzz clean

help:
	@echo "make demo   find, train, export and check a small network on the built-in digits; tells where the report is"
	@echo "make test   linters, types and all tests"
	@echo "make test-long  the tests that take minutes: killed clusters and prunings, the whole zoo pruned, memory"
	@echo "make test-docs  the examples of README.md and of docs/ alone"
	@echo "make coverage   all tests, and which lines of featherbone they do not reach; as pages in htmlcov/"
	@echo "make bench  the benchmarks that run in minutes, into benchmarks/results/"
	@echo "make fuzz   damaged inputs for every reader, some minutes, into benchmarks/results/fuzz.txt"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "featherbone needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fit,cluster,heif,tflite,dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/featherbone fit digits --macs 300k --params 20k --out $(RUN)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 3 --durations=25

test-long: $(VENV)/installed
	$(BIN)/python -m pytest -m "cluster or long"

test-docs: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 README.md docs

coverage: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term-missing:skip-covered --cov-report=html

bench: $(VENV)/installed
	$(BIN)/python benchmarks/run_all.py

fuzz: $(VENV)/installed
	$(BIN)/python tests/fuzz/run.py --out benchmarks/results/fuzz.txt

clean:
	rm -rf $(VENV) runs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* htmlcov
