# `make` alone lists the targets. Everything runs in .venv, whose packages requirements.lock pins by hash.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 5000
PROFILE = $(shell sed -n 's/^profile: *//p' params.yaml)
INSTALLED := .venv/.installed
PACKAGES := import sysconfig; print(sysconfig.get_path('purelib'))
# dvc starts the stages as `python`, so .venv comes first; nothing is sent to anybody.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
# The page only shows runs: without this MLflow starts a dozen processes to run jobs of its own.
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false

.DEFAULT_GOAL := help
.PHONY: help venv repro study rehearse results test parity tpu-check lint mlflow mlflow-fill demo demo-test verify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## make .venv from requirements.lock, every package checked against its hash
$(INSTALLED): requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# `exec`: the shell becomes the command, so that killing make kills it too.
repro: $(INSTALLED) ## run what has changed of the whole study, then print the results
	@exec .venv/bin/python -m pipeline.supervise dvc repro
	@$(MAKE) --no-print-directory results

study: repro ## run the wider studies, in .studies/, keep what came out in studies/, and set the paper with it
	@.venv/bin/python -m pipeline.supervise python -m pipeline.studies development extended weak random second german
	@exec .venv/bin/python -m pipeline.supervise dvc repro --force --single-item analyse paper track

rehearse: $(INSTALLED) ## run profile paper to the end, small, against publishers on this machine, in .rehearsal/
	@exec .venv/bin/python -m pipeline.supervise python -m rehearsal

results: $(INSTALLED) ## print the results table of the last run
	@cat paper/tables/readme.md

test: $(INSTALLED) ## run the tests, the whole graph at profile tiny among them
	@exec .venv/bin/python -m pipeline.supervise pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# torch comes without a hash: what is built for this machine has one of its own.
parity: .venv-parity/.installed .venv-transformers-4/.installed ## run our towers, texts, pictures and exports beside the libraries that define them; needs torch
	@exec .venv-parity/bin/python -m pytest tests/parity

.venv-parity/.installed: requirements.lock requirements-parity.lock
	$(PYTHON) -m venv .venv-parity
	.venv-parity/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-parity/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-parity/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-parity.lock
	@touch $@

.venv-transformers-4/.installed: requirements-transformers-4.lock
	$(PYTHON) -m venv .venv-transformers-4
	.venv-transformers-4/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	.venv-transformers-4/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@touch $@

tpu-check: .venv-tpu/.installed ## compile the training step of profile paper for slices of TPUs, without one: does it fit, is it as it was
	@exec .venv-tpu/bin/python -m benchmarks.tpu_check

.venv-tpu/.installed: requirements.lock requirements-tpu.lock
	$(PYTHON) -m venv .venv-tpu
	.venv-tpu/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-tpu/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-tpu.lock
	@touch $@

demo: .venv-demo/.installed ## show the model that ships in a browser: search, captions, heat maps; nothing leaves the machine
	@exec .venv-demo/bin/python -m clip_italian demo

demo-test: .venv-demo/.installed ## try the demo by program and, where there is one, in Chromium
	@exec .venv-demo/bin/python -m pytest tests/use/test_demo.py

# It sees what .venv has, behind its own packages: to install all of it once more would take minutes.
.venv-demo/.installed: $(INSTALLED) requirements-demo.lock
	$(PYTHON) -m venv .venv-demo
	.venv/bin/python -c "$(PACKAGES)" > "$$(.venv-demo/bin/python -c "$(PACKAGES)")/study.pth"
	.venv-demo/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-demo.lock
	@touch $@

lint: $(INSTALLED) ## check style and types
	@ruff check
	@mypy

mlflow: mlflow-fill ## fill the MLflow store from the journals and show it at http://127.0.0.1:$(PORT)
	@exec .venv/bin/python -m pipeline.supervise mlflow ui --host 127.0.0.1 --port $(PORT) --workers 1

mlflow-fill: $(INSTALLED) ## only fill the store; a bare `mlflow ui` then shows every run
	@exec .venv/bin/python -m stages track

verify: $(INSTALLED) ## hash every output and the cache again; check the committed results
	@exec .venv/bin/python -m pipeline.verify

clean: ## remove what the study made and git does not hold; `dvc checkout` brings it back from the cache
	rm -rf data/$(PROFILE) models/$(PROFILE) embeddings/$(PROFILE) results/$(PROFILE)/items .state mlflow.db mlartifacts
