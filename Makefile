# make demo    set up, capture the sample articles from a site on this machine, verify, export, tamper, see it caught
# make test    set up, run the tests
# make lint    ruff, mypy --strict, import layers
# make bench   measurements against peers and limits (docs/performance.md); never part of CI
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: demo test smoke-browser test-browser lint format bench bench-statements tamper fuzz check-all clean

$(VENV)/.base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python 3.11 or later is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this python cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.base
	@PATH="$(abspath $(BIN)):$$PATH" sh docs/demo.sh

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow and not browser" $(PYTEST_ARGS)

# Browsers are started where only loopback is (Linux, with util-linux and iproute2): pages and browsers phone home.
SHUT_IN := unshare -rn sh -c 'ip link set lo up && exec "$$0" "$$@"'

smoke-browser: $(VENV)/.dev
	$(SHUT_IN) $(BIN)/python -m pytest tests/browser tests/bundle/test_verifier_browser.py -m "browser and not slow" \
	  -k "reader_saw or scripts_put_there or test_verifier_browser"

# ReplayWeb.page is fetched while there is a network, as a judge alone.
test-browser: $(VENV)/.dev
	@mkdir -p build && cd build && npm pack --silent replaywebpage@2.4.6 >/dev/null 2>&1 && tar xzf replaywebpage-2.4.6.tgz \
	  || echo "ReplayWeb.page cannot be had here: replaying is not tested"
	REPLAYWEB="$(abspath build/package)" $(SHUT_IN) $(BIN)/python -m pytest tests/browser -m browser $(PYTEST_ARGS)
	$(SHUT_IN) $(BIN)/python bench/browser.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python bench/run.py

bench-statements: $(VENV)/.dev
	$(BIN)/python bench/statements.py
	$(BIN)/python bench/recheck.py

tamper: $(VENV)/.dev
	$(BIN)/python bench/tamper.py

# Every property drawn anew, many times more often than `make test` does.
fuzz: $(VENV)/.dev
	FUZZ=1 $(BIN)/python -m pytest -n $(JOBS) -m hypothesis $(PYTEST_ARGS)

# Everything that takes long: 100,000 manifests, 1 GB bodies, every crash point, every byte flipped, fuzzing, browsers.
check-all: lint $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) -m "not browser" $(PYTEST_ARGS)
	$(MAKE) test-browser
	$(MAKE) fuzz
	$(BIN)/python bench/tamper.py
	$(BIN)/python tests/other_pythons.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-out build dist
