# make run    set up and start the app            make check  lint and types
# make test   set up and run every check          make bench  measure, and print a table
# make model  train the shipped models again      make dev    the app, reloading when a file changes
# make fuzz   property tests on fresh examples, which `make test` runs on fixed ones: ROUNDS=5 times
# make wheel  build the package into dist/        make clean  remove what these made

PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= localhost
PORT ?= 8501
ROUNDS ?= 5

.PHONY: run dev test check fuzz bench model picture wheel clean

run: .venv/run
	@echo "digitrec is at http://$(ADDRESS):$(PORT)"
	$(BIN)/streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

dev: .venv/run
	$(BIN)/streamlit run app.py --server.runOnSave true --server.fileWatcherType auto --server.port $(PORT)

# Two at once with a thread each: with two threads each they wait for one another. Browsers wait much of their time,
# so that three of them share two cores.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export TF_NUM_INTRAOP_THREADS = 1
test: check
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -m "not browser" -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m "browser and not alone" -n 3 --dist worksteal
	$(BIN)/python -m pytest -m "browser and alone"

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: .venv/dev
	for round in $$(seq $(ROUNDS)); do \
		$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile fuzz -n auto || exit 1; \
	done

bench: .venv/dev
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m tests.benchmarks

model: .venv/run
	@echo "Three models of about an hour each on 2 cores, of which the best is kept, and an hour and a half for the one that reads numbers."
	$(BIN)/python -m digitrec train --shipped --folder models/digitrec
	$(BIN)/python -m digitrec train --network digitrec-numbers --folder models/digitrec-numbers

picture: .venv/dev
	$(BIN)/python -m tests.browser.picture docs/draw.png

wheel: .venv/run
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

# Each stamp holds an environment that is as its requirements say.
.venv/run: requirements.txt
	$(PYTHON) -c "import sys; sys.exit('digitrec needs Python 3.11 or newer' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist
