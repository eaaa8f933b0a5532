# make run    set up and start the app            make check  run ruff and mypy
# make test   set up and run all checks           make bench  run the benchmarks and print a table
# make model  train the shipped models again      make dev    start the app, reloading when a file changes
# make fuzz   run the property tests on new random examples (in `make test` they are fixed), ROUNDS=5 times
# make browsers  walk through the Draw page in Firefox and in WebKit, Safari's engine (needs Debian's packages of them)
# make wheel  build the package into dist/        make clean  remove the environment and all build results

PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= localhost
PORT ?= 8501
ROUNDS ?= 5

.PHONY: run dev test check fuzz bench browsers model picture wheel clean

run: .venv/run
	@echo "digitrec is at http://$(ADDRESS):$(PORT)"
	$(BIN)/streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

dev: .venv/run
	$(BIN)/streamlit run app.py --server.runOnSave true --server.fileWatcherType auto --server.port $(PORT)

# Two processes with one thread each: with two threads each, they would compete for two cores. Browsers are idle much of
# the time, so three of them share two cores.
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

browsers: .venv/dev build/browsers
	PYTHONPATH=build/browsers $(BIN)/python -m tests.browser.engines

# Not in the environment, where one of these packages would add itself to pytest.
build/browsers:
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $@ \
		"marionette_driver>=3.7,<4" "selenium>=4.51,<5"

model: .venv/run
	@echo "On 2 cores: three digit models of about an hour each, of which the best is kept, and a number model of an hour and a half."
	$(BIN)/python -m digitrec train --shipped --folder models/digitrec
	$(BIN)/python -m digitrec train --network digitrec-numbers --folder models/digitrec-numbers

picture: .venv/dev
	$(BIN)/python -m tests.browser.picture docs/draw.png

wheel: .venv/run
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

# Each stamp is newer than the requirements that are installed in the environment.
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
