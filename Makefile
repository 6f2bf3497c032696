# Everything that people type. `make serve` and `make test` set up what they need; a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ADDRESS ?= 127.0.0.1:50051
LOAD ?= --output load-report/index.html
MINUTES ?= 30
SEED ?= 7

PEERS := .venv-peers/.done .venv-peers-mlserver/.done
TRITONCLIENT := .venv-tritonclient/.done
DISTRIBUTIONS := clients/python server training
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

LANGUAGES ?=

.PHONY: help serve test conformance demo lint format proto model-table bench bench-quick load memory soak connections fuzz lock clean

help:
	@echo 'make serve    set up, and serve exported/ on $(ADDRESS)'
	@echo 'make demo     set up, serve, write 1,000 rows and a grid of digits to demo/, stop'
	@echo 'make test     set up, and run all tests'
	@echo 'make conformance   build the clients of all languages, and hold them to the same cases (LANGUAGES="go rust": some)'
	@echo 'make lint     types, style and protos'
	@echo 'make format   put the code in shape'
	@echo 'make proto    generate the Python stubs, descriptors and docs/api.md from proto/'
	@echo 'make model-table   write the README'\''s table of models from exported/'
	@echo 'make bench    compare with the same work without a server, and with other servers: about two hours'
	@echo 'make bench-quick   a few cases of it: about 5 minutes'
	@echo 'make load     raise the load until the server does not keep up; a report with curves: about 4 minutes'
	@echo 'make memory   memory of the server over 100 million rows'
	@echo 'make soak     load a server and break everything that can break, for MINUTES=$(MINUTES)'
	@echo 'make connections   10,000 short connections: a minute'
	@echo 'make fuzz     load 10,000 broken model packages: some minutes'
	@echo 'make lock     resolve the requirements anew'

serve: $(VENV)/.serve
	@exec $(BIN)/synthserve-server --model-repository exported --listen $(ADDRESS) --hints --client-command $(abspath $(BIN)/synthserve)

demo: $(VENV)/.serve
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.dev $(TRITONCLIENT)
	$(BIN)/pytest --numprocesses 2 --dist loadfile

conformance: $(VENV)/.dev
	@$(BIN)/python -m tests.conformance $(LANGUAGES)

lint: $(VENV)/.dev
	$(BIN)/buf lint proto
	$(BIN)/buf format --diff --exit-code proto
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose*.yaml
	@scripts/check-stubs
	@$(BIN)/python scripts/model_table.py --check

format: $(VENV)/.dev
	$(BIN)/buf format --write proto
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

proto: $(VENV)/.dev
	@scripts/generate-stubs clients/python
	@scripts/generate-oip server/synthserve_server/services/oip
	@$(BIN)/python scripts/api_reference.py docs/api.md

model-table: $(VENV)/.dev
	@$(BIN)/python scripts/model_table.py

bench: $(VENV)/.dev $(PEERS)
	$(BIN)/python -m tests.benchmarks.compare
	$(BIN)/python -m tests.benchmarks.fairness
	$(BIN)/python -m tests.benchmarks.startup

bench-quick: $(VENV)/.dev $(PEERS)
	$(BIN)/python -m tests.benchmarks.compare --quick

load: $(VENV)/.dev
	@$(BIN)/python -m tests.load.open_loop $(LOAD)

memory: $(VENV)/.dev
	$(BIN)/python -m tests.load.memory --model-repository exported

soak: $(VENV)/.dev
	$(BIN)/python -m tests.load.soak --minutes $(MINUTES) --seed $(SEED)

connections: $(VENV)/.dev
	$(BIN)/python -m tests.load.connections

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.load.fuzz_packages --cases 10000

lock: $(VENV)/.dev
	scripts/lock $(BIN)/uv

clean:
	rm -rf $(VENV) .venv-peers .venv-peers-mlserver .venv-tritonclient .tools demo load-report .mypy_cache .pytest_cache .ruff_cache .hypothesis fuzz-findings

# --- environment: a virtual environment, filled by uv from hashed locks -------------------------------------------

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "synthserve needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.serve: $(BIN)/uv requirements/serve.txt requirements/cuda.txt $(addsuffix /pyproject.toml,clients/python server)
	$(INSTALL) --require-hashes -r requirements/serve.txt
	@if command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus >/dev/null 2>&1; then \
	  echo 'found an NVIDIA GPU: installing the CUDA libraries'; $(INSTALL) --require-hashes -r requirements/cuda.txt; fi
	$(INSTALL) --no-deps --no-build-isolation -e clients/python -e server
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	$(INSTALL) --require-hashes -r requirements/dev.txt
	$(INSTALL) --no-deps --no-build-isolation $(addprefix -e ,$(DISTRIBUTIONS))
	@touch $@

# What the benchmarks compare with, and the client of the Open Inference Protocol that the tests use, in environments of
# their own: .venv-NAME is filled from requirements/NAME.txt.
$(PEERS) $(TRITONCLIENT): .venv-%/.done: $(BIN)/uv requirements/%.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$*
	$(BIN)/uv pip install --quiet --python .venv-$*/bin/python --require-hashes -r requirements/$*.txt
	@touch $@
