# One entry point for every chore; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
PY := .venv/bin/python
# Everything under test and in the quickstart is what users get: the release profile.
LIB := target/release
WITH_SERVERS := $(PY) tests/servers/run.py --localstripe --

.PHONY: help quickstart test build c python node catalogue-report test-catalogue test-crash test-fork test-keyring test-live test-postgres test-residue residue-unwiped bench bench-smoke bench-residue test-sizes test-streams test-node test-official test-sanitizers fuzz lint fmt header servers composio clean

help: ## list the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

quickstart: build ## the four steps and the use, in Python, Node, C and C++, against a Stripe server of someone else's
	@echo; echo '--- Python'
	@$(WITH_SERVERS) $(PY) examples/quickstart.py
	@echo; echo '--- Node'
	@$(WITH_SERVERS) node examples/quickstart.mjs
	@echo; echo '--- C'
	@$(WITH_SERVERS) target/examples/quickstart-c
	@echo; echo '--- C++'
	@if command -v $(CXX) >/dev/null; then $(WITH_SERVERS) target/examples/quickstart-cpp; \
	  else echo 'no C++ compiler here'; fi

test: .venv/.made ## everything: what CI runs
	@$(PY) tests/all.py

build: c python node ## the C library with its examples, the Python package and the Node package

c: ## libkeylatch and the C and C++ quickstarts
	cargo build --release --locked -p keylatch-ffi
	@ln -sf libkeylatch.so $(LIB)/libkeylatch.so.0 # the SONAME, by which programs find it
	@mkdir -p target/examples
	$(CC) -std=c99 -Wall -Wextra -Iinclude examples/quickstart.c -o target/examples/quickstart-c \
	  -L$(LIB) -lkeylatch -Wl,-rpath,$(CURDIR)/$(LIB)
	@if command -v $(CXX) >/dev/null; then set -x; \
	  $(CXX) -std=c++17 -Wall -Wextra -Iinclude examples/quickstart.cpp -o target/examples/quickstart-cpp \
	  -L$(LIB) -lkeylatch -Wl,-rpath,$(CURDIR)/$(LIB); fi

python: .venv/.made ## the Python package, into .venv
	$(PY) -m pip install --quiet --disable-pip-version-check ./bindings-python

node: ## the Node package, in bindings-node
	cd bindings-node && npm install --no-audit --no-fund --loglevel=error

test-official: .venv/.made ## Composio's official SDKs against the test server; downloads them the first time
	@$(PY) tests/servers/run.py -- $(PY) tests/official/run.py $(ARGS)

catalogue-report: .venv/.made ## how complete the catalogue is
	@$(PY) tests/catalogue/report.py

test-catalogue: .venv/.made ## the catalogue's files, their cost, every entry against a double of its app; ARGS="slug ..." for some entries alone
	@$(if $(ARGS),,for test in mistakes one_file cost; do $(PY) tests/catalogue/test_$$test.py || exit 1; done)
	@$(PY) tests/catalogue/test_catalogue.py $(ARGS)

test-crash: ## the vault under 1,000 SIGKILLs, and on a disk that is full at every block; `make test` runs a short form
	cargo build --locked -p keylatch-tests --bin vault_stress
	target/debug/vault_stress --long

test-rotation: ## 100,000 records get a new key while 4 processes read and write, killed twice; `make test` runs a short form
	cargo build --release --locked -p keylatch-tests --bin rotation_stress
	target/release/rotation_stress --long

test-fork: .venv/.made ## forks, threads, signals and ends of programs, each under a deadline; wants the packages built
	@$(PY) tests/servers/run.py -- $(PY) tests/fork/run.py $(ARGS)

test-keyring: .venv/.made ## the vault's key in the system's keyring, one of its own; wants everything built
	@PYTHONPATH=tests/residue $(PY) tests/keyring/run.py

test-streams: .venv/.made ## bodies of 192 MiB through every door in constant memory; wants everything built. ARGS="--mib 1024 python ..." for others
	@$(PY) tests/streams/run.py $(ARGS)

test-live: .venv/.made ## against real servers, each started on loopback; ARGS="name ..." for some
	@$(PY) tests/live/run.py $(ARGS)

test-postgres: .venv/.made ## the vault in PostgreSQL, on a server that is started for it; wants everything built. ARGS="PART ..." for some parts
	@cargo build --quiet --locked --workspace
	@$(PY) tests/servers/run.py --few-roots -- $(PY) tests/postgres/run.py $(ARGS)

test-residue: .venv/.made ## no copy of a credential is left in memory; wants everything built. ARGS="Python C ..." for some hosts
	@cargo build --quiet --locked --workspace
	@$(PY) tests/servers/run.py -- $(PY) tests/residue/run.py $(ARGS)

residue-unwiped: .venv/.made ## the residue test has to fail with doors that were built without the wiping allocator; ARGS as above
	@cargo build --quiet --locked --workspace
	@$(PY) tests/servers/run.py -- $(PY) tests/residue/unwiped.py $(ARGS)

bench: .venv/.made ## Keylatch beside its peers; wants the packages built. SHORT=1 for three minutes, ARGS="PART ..." for some parts
	@$(PY) tests/servers/run.py -- $(PY) bench/bench.py $(if $(SHORT),--effort short) $(ARGS)

bench-smoke: .venv/.made ## whether every part of the bench works, without what package registries have
	@$(PY) tests/servers/run.py -- $(PY) bench/bench.py --effort smoke $(ARGS)

bench-residue: .venv/.made ## what it costs to leave no copy in memory, against the same library without
	@cargo build --quiet --locked --workspace
	@$(PY) tests/servers/run.py -- $(PY) bench/residue_cost.py

test-sizes: .venv/.made ## the packages against their size budget; wants them built
	@$(PY) tests/sizes.py

test-sanitizers: ## the Rust tests under the address, leak and thread sanitizers; ARGS=address or ARGS=thread for one
	@$(PYTHON) tests/sanitizers/run.py $(ARGS)

fuzz: ## every fuzz target for SECONDS (600), or TARGETS="name ..."
	@$(PYTHON) tests/fuzz/run.py --seconds $(or $(SECONDS),600) $(TARGETS)

test-node: ## the Node package's own tests; wants the test servers around it
	node --test --test-reporter=spec tests/node/*.test.mjs

lint: .venv/.made ## formatting and warnings, in every language
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo run --quiet --locked -p keylatch-ffi --features header --bin keylatch-header -- --check
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy --strict tests/servers tests/cases/check.py tests/sizes.py tests/leaks.py
	MYPYPATH=bindings-python/python:tests/servers $(PY) -m mypy --strict tests/catalogue
	MYPYPATH=bindings-python/python $(PY) -m mypy --strict tests/live
	MYPYPATH=bindings-python/python $(PY) -m mypy --strict tests/protocols
	MYPYPATH=bindings-python/python:tests:tests/live:tests/python:tests/servers:tests/cases:tests/servers/composio $(PY) -m mypy --strict tests/postgres \
	  tests/docs.py
	MYPYPATH=bindings-python/python:tests/python $(PY) -m mypy --strict tests/fork
	MYPYPATH=bindings-python/python:tests/python $(PY) -m mypy --strict tests/residue
	MYPYPATH=bindings-python/python:tests/residue $(PY) -m mypy --strict tests/keyring
	MYPYPATH=bindings-python/python:tests:tests/official:tests/python:tests/residue:tests/live:tests/postgres:bench $(PY) -m mypy --strict bench \
	  tests/all.py tests/steps.py tests/traces.py --exclude bench/programs
	cargo fmt --manifest-path bench/peers/Cargo.toml -- --check
	$(PY) -m mypy --strict tests/interop/run.py
	MYPYPATH=bindings-python/python:tests/streams $(PY) -m mypy --strict tests/streams
	$(PY) -m mypy --strict tests/c/run.py
	$(PY) -m mypy --strict tests/fuzz/run.py
	$(PY) -m mypy --strict tests/sanitizers/run.py
	$(PY) -m mypy --strict tests/official/run.py tests/official/compare.py
	cd bindings-node && npm run --silent lint
	@if command -v cargo-deny >/dev/null; then cargo deny check; fi

fmt: .venv/.made ## format everything
	cargo fmt --all
	$(PY) -m ruff format .
	cd bindings-node && npm run --silent fmt

header: ## write include/keylatch.h anew
	cargo run --quiet -p keylatch-ffi --features header --bin keylatch-header

servers: ## install what the tests can use but do not bring along (Debian packages)
	@$(PYTHON) tests/live/packages.py

composio: .venv/.made ## a server that answers as Composio's API does, to try that side offline
	@$(PY) tests/servers/composio/main.py --try

clean: ## remove everything that was built
	cargo clean
	rm -rf .venv bindings-node/node_modules bindings-node/dist

.venv/.made: tests/requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@
