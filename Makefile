# `make demo` runs the main job, `make test` the tests; both set up their own environment in .venv.
PYTHON ?= python3
BIN := .venv/bin

# The tests' matrices are small: BLAS threads would only get in each other's way.
test slow: export OPENBLAS_NUM_THREADS = 1

.PHONY: demo test check slow kernels bounds bench columns format clean

demo: .venv/installed
	$(BIN)/athermal run examples/two_oscillator.toml --out results --force

test: .venv/developed
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

check: .venv/developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

slow: .venv/developed
	$(BIN)/pytest -m slow

# The numerical tests under several kernels of the linear algebra library; they round differently.
kernels: .venv/developed
	$(BIN)/python tests/kernels.py

# The fast tests with the oldest and the newest releases that are allowed, under every Python that is found.
bounds:
	$(PYTHON) tests/bounds.py

bench: .venv/installed
	$(BIN)/python -m benchmarks

# The page of the documentation that is made from the table of columns.
columns: .venv/developed
	$(BIN)/python -c "from athermal.cli.columns import page; print(page(), end='')" > docs/columns.md

format: .venv/developed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .bounds results

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/developed: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch .venv/installed $@
