# Everything that people type. `make serve` and `make test` set up what they need; a second run starts at once.

# An empty variable is an unset one.
override PYTHON := $(or $(PYTHON),python3)
override ADDRESS := $(or $(ADDRESS),127.0.0.1:50051)
override LOAD := $(or $(LOAD),--output load-report/index.html)
override MINUTES := $(or $(MINUTES),30)
override SEED := $(or $(SEED),7)
override RESULTS := $(or $(RESULTS),$(HOME)/.cache/synthserve/bench-tables)
LANGUAGES ?=

VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers/.done .venv-peers-mlserver/.done
TABLE_PEERS := .venv-peers-tables/.done
TRITONCLIENT := .venv-tritonclient/.done
SET_UP := $(PYTHON) -I scripts/set_up.py
# The client as a shell takes it, whatever is in the path.
CLIENT := $(BIN)/python -c 'import os, shlex; print(shlex.quote(os.path.abspath("$(BIN)/synthserve")))'

# Of the user's variables, those of pip and uv that say where packages come from and how they are reached are kept. The
# others, which say what is installed and where, and those of Python that say what it imports, are unset. So is the one that
# keeps compiled modules off the disk: each process, of which the tests start hundreds, would compile all that it imports.
KEPT := $(foreach tool,PIP UV,$(foreach what,CACHE_DIR CERT CLIENT_CERT CONCURRENT_% CONFIG_FILE DEFAULT_INDEX DEFAULT_TIMEOUT \
  EXTRA_INDEX_URL FIND_LINKS HTTP_% INDEX INDEX_% INSECURE_HOST KEYRING_PROVIDER LINK_MODE NATIVE_TLS NO_CACHE NO_CACHE_DIR \
  NO_INDEX OFFLINE PROXY REQUEST_TIMEOUT RETRIES SYSTEM_CERTS TIMEOUT TRUSTED_HOST USE_FEATURE,$(tool)_$(what)))
unexport $(filter-out $(KEPT),$(filter PIP_% UV_%,$(.VARIABLES))) VIRTUAL_ENV CDPATH \
  PYTHONDONTWRITEBYTECODE PYTHONEXECUTABLE PYTHONHOME PYTHONINSPECT PYTHONOPTIMIZE PYTHONPATH PYTHONPLATLIBDIR PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS

.PHONY: help serve trainer test conformance demo lint format proto model-table bench bench-quick bench-tables load memory soak connections fuzz lock clean

help:
	@echo 'make serve    set up, and serve exported/ on $(ADDRESS)'
	@echo 'make trainer  set up the trainer too: $(BIN)/synthserve-train'
	@echo 'make demo     set up, serve, write 1,000 rows and a grid of digits to demo/, stop'
	@echo 'make test     set up, and run all tests'
	@echo 'make conformance   build the clients of all languages, and hold them to the same cases (LANGUAGES="go rust": some)'
	@echo 'make lint     types, style and protos'
	@echo 'make format   put the code in shape'
	@echo 'make proto    generate the Python stubs and descriptors, docs/api.md and docs/settings.md'
	@echo 'make model-table   write the README'\''s table of models from exported/'
	@echo 'make bench    compare with the same work without a server, and with other servers: about two hours'
	@echo 'make bench-quick   a few cases of it: about 5 minutes'
	@echo 'make bench-tables  train this table model and others on the tables of the papers; results in RESULTS=$(RESULTS): hours'
	@echo 'make load     raise the load until the server does not keep up; a report with curves: about 4 minutes'
	@echo 'make memory   memory of the server over 100 million rows'
	@echo 'make soak     load a server and break everything that can break, for MINUTES=$(MINUTES)'
	@echo 'make connections   10,000 short connections: a minute'
	@echo 'make fuzz     load 10,000 broken model packages: some minutes'
	@echo 'make lock     resolve the requirements anew'

serve: $(VENV)/.serve
	@exec $(BIN)/synthserve-server --model-repository exported --listen '$(ADDRESS)' --hints --client-command "$$($(CLIENT))"

demo: $(VENV)/.serve
	@$(BIN)/python -m scripts.demo

trainer: $(VENV)/.dev
	@echo 'learn a table: $(BIN)/synthserve-train fit FILE.csv'

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
	@$(BIN)/python -m scripts.model_table --check

format: $(VENV)/.dev
	$(BIN)/buf format --write proto
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

proto: $(VENV)/.dev
	@scripts/generate-stubs clients/python
	@scripts/generate-oip server/synthserve_server/services/oip
	@$(BIN)/python scripts/api_reference.py docs/api.md
	@$(BIN)/python scripts/settings_reference.py docs/settings.md

model-table: $(VENV)/.dev
	@$(BIN)/python -m scripts.model_table

bench: $(VENV)/.dev $(PEERS)
	$(BIN)/python -m tests.benchmarks.compare
	$(BIN)/python -m tests.benchmarks.fairness
	$(BIN)/python -m tests.benchmarks.startup

bench-quick: $(VENV)/.dev $(PEERS)
	$(BIN)/python -m tests.benchmarks.compare --quick

bench-tables: $(VENV)/.dev $(TABLE_PEERS)
	$(BIN)/python -m tests.benchmarks.tables.run --results '$(RESULTS)' --page docs/tables.md

load: $(VENV)/.dev
	@$(BIN)/python -m tests.load.open_loop $(LOAD)

memory: $(VENV)/.dev
	$(BIN)/python -m tests.load.memory --model-repository exported

soak: $(VENV)/.dev
	$(BIN)/python -m tests.load.soak --minutes '$(MINUTES)' --seed '$(SEED)'

connections: $(VENV)/.dev
	$(BIN)/python -m tests.load.connections

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.load.fuzz_packages --cases 10000

lock: $(VENV)/.dev
	scripts/lock $(BIN)/uv

clean:
	rm -rf $(VENV) .venv-peers .venv-peers-mlserver .venv-peers-tables .venv-tritonclient .tools demo load-report .mypy_cache .pytest_cache .ruff_cache .hypothesis fuzz-findings

# --- environments: scripts/set_up.py knows what is there already ---------------------------------------------------

# It is asked each time: that a checkout was moved, or its Python removed, no time stamp tells.
$(VENV)/.serve: FORCE
	@$(SET_UP) serve

$(VENV)/.dev: FORCE
	@$(SET_UP) dev

# What the benchmarks compare with, and the client of the Open Inference Protocol that the tests use.
$(PEERS) $(TABLE_PEERS) $(TRITONCLIENT): .venv-%/.done: FORCE
	@$(SET_UP) $*

FORCE:

# Targets change what others use, whatever -j says.
.NOTPARALLEL:
