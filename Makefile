# Understood by GNU make and BSD make alike: no pattern rules, no conditionals, no functions.
# Everything runs in .venv, which is made on first use and again when the pinned requirements change.

PYTHON?=python3
BIN=.venv/bin
RUN_STAMP=.venv/installed
DEV_STAMP=.venv/installed-dev
# What the whole test run shares out to. Browsers and processes wait more than they compute, so that a third
# worker finds room on two cores; the tests on PostgreSQL only compute.
WORKERS?=3
POSTGRES_WORKERS?=2
SETS?=1000
PACKETS?=110
# `make check` looks at the settings as production would have them, in a state folder of its own.
AS_PRODUCTION=JAILPANEL_VAR=var/check JAILPANEL_TLS=1 JAILPANEL_ALLOWED_HOSTS=panel.example
COMPILE=var/lock/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-trusted-host

.PHONY: help demo run install check test test-sqlite test-postgres faults fuzz-firewall contract bench screenshots lock clean
.NOTPARALLEL:

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n",$$1,$$2}' Makefile

demo: $(RUN_STAMP) ## Run the panel with three simulated FreeBSD hosts; Ctrl-C ends it
	@PORT="$(PORT)" exec $(BIN)/python -m jailpanel.launch --demo

run: $(RUN_STAMP) ## Run the panel for real on this machine
	@PORT="$(PORT)" exec $(BIN)/python -m jailpanel.launch

install: $(RUN_STAMP) ## Make .venv with exactly what the panel runs on

check: $(DEV_STAMP) ## Look without running: format, lint, types, imports, templates, migrations, settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	JAILPANEL_VAR=var/check $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --check --lint --quiet
	JAILPANEL_VAR=var/check $(BIN)/python manage.py makemigrations --check --dry-run
	$(AS_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

test: check test-postgres test-sqlite ## Run everything: check, then every test on both databases

test-sqlite: $(DEV_STAMP) ## Run every test, those in the browser too, on SQLite
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder -m "not bench"

test-postgres: $(DEV_STAMP) ## Run the tests that use a database on a PostgreSQL of their own
	$(BIN)/python -m tests.postgres -- -p tests.only_database -n $(POSTGRES_WORKERS) --no-loadscope-reorder -m "not bench and not e2e and not host and not faults"

faults: $(DEV_STAMP) ## Strike a running panel at random moments: make faults FAULT=name SEED=number DATABASE=sqlite ROUNDS=2
	$(BIN)/python -m tests.faults --fault "$(FAULT)" --seed "$(SEED)" --database "$(DATABASE)" --rounds "$(ROUNDS)"

fuzz-firewall: $(DEV_STAMP) ## Let both packet walkers loose on generated rules: make fuzz-firewall SEED=number SETS=1000 PACKETS=110
	$(BIN)/python -m tests.fuzz --seed "$(SEED)" --sets "$(SETS)" --packets "$(PACKETS)" --workers 2

contract: $(DEV_STAMP) ## Try a real scratch host: make contract HOST=address PORT=22 KEY=file
	$(BIN)/python -m tests.contract --host "$(HOST)" --port "$(PORT)" --key "$(KEY)" --user "$(LOGIN)" --mirror "$(MIRROR)" --fingerprint "$(FINGERPRINT)"

bench: $(DEV_STAMP) ## Print measurements
	$(BIN)/python -m pytest tests/bench -m bench -p no:randomly -q -s

screenshots: $(DEV_STAMP) ## Take the pictures of docs/images anew
	JAILPANEL_SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/e2e -m e2e -p no:randomly -q

lock: ## Pin and hash requirements*.in anew (with the oldest Python: make lock PYTHON=/usr/bin/python3)
	$(PYTHON) -m venv var/lock
	var/lock/bin/python -m pip install --quiet pip-tools==7.6.2
	$(COMPILE) --output-file=requirements.txt requirements.in
	$(COMPILE) --output-file=requirements-dev.txt requirements-dev.in

clean: ## Remove .venv and caches; var/ with the panel's state stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var/check var/lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_STAMP): requirements.txt
	@PYTHON="$(PYTHON)" sh deploy/make-venv requirements.txt
	@touch $(RUN_STAMP)

$(DEV_STAMP): requirements.txt requirements-dev.txt
	@PYTHON="$(PYTHON)" sh deploy/make-venv requirements-dev.txt
	@touch $(RUN_STAMP) $(DEV_STAMP)
