# mslora. Two commands are all that a newcomer types: make demo, make test. See make help.
DEPS    := .deps
LIBRARY := $(DEPS)/lib
PYTHON  ?= python3
GO      ?= go
export GO
SYSTEM  := $(shell uname -s)
ORT     := $(LIBRARY)/libonnxruntime.$(if $(filter Darwin,$(SYSTEM)),dylib,so)
TOKENS  := $(LIBRARY)/libtokenizers.a
PROGRAM := bin/mslora
MODEL   := $(DEPS)/models/bge-small/model.safetensors
REVIEWS := $(DEPS)/data/reviews/train.csv
SETS    := $(DEPS)/data/sets/reviews
EXPORT  := $(DEPS)/export

.DELETE_ON_ERROR:
.PHONY: help toolchains deps build test demo graphs graphs-check test-tools test-exporter bench clean distclean

help: ## show these lines
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

toolchains:
	@command -v $(GO) >/dev/null || { echo "error: $(GO) is missing" >&2; echo "hint: install Go 1.26 or later" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "error: a C compiler is missing" >&2; echo "hint: install gcc or clang, with the command cc" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "error: $(PYTHON) with pip is missing" >&2; echo "hint: install Python 3.9 or later with venv and pip" >&2; exit 1; }

deps: toolchains $(ORT) $(TOKENS) ## fetch and build the two native libraries into .deps/lib

$(ORT): tools/setup/onnxruntime.py tools/setup/fetched.py | toolchains
	$(PYTHON) tools/setup/onnxruntime.py $(LIBRARY)
	@touch $@

$(TOKENS): tools/setup/tokenizers.sh $(wildcard third_party/tokenizers/Cargo.* third_party/tokenizers/tiktoken/src/*) | toolchains
	tools/setup/tokenizers.sh $(LIBRARY)

build: deps ## build bin/mslora
	$(GO) build -o $(PROGRAM) ./cmd/mslora

test: deps ## vet and test everything in Go
	$(GO) vet ./...
	$(GO) test ./...

$(MODEL): tools/fetch_model.py
	$(PYTHON) tools/fetch_model.py bge-small --out $(@D)
	@touch $@

$(REVIEWS): tools/fetch_reviews.py
	$(PYTHON) tools/fetch_reviews.py --out $(@D)
	@touch $@

# DEMO=quick trains on fewer texts, to see the whole way in minutes.
ifeq ($(DEMO),quick)
DEMO_FLAGS := --attacks addsent --methods lora,musclelora --limit 480 --epochs 2 --out runs/demo-quick
else
DEMO_FLAGS := --attacks badnets,addsent --methods vanilla,lora,musclelora --out runs/demo
endif

demo: build $(MODEL) $(REVIEWS) ## poison film reviews, train three methods on them, print the table
	$(PROGRAM) poison --data $(dir $(REVIEWS)) --attack badnets,addsent --ratio 0.1 --target 1 --out $(SETS)
	$(PROGRAM) run --model bge-small --data $(SETS) $(DEMO_FLAGS)

$(EXPORT)/.stamp: tools/requirements-export.txt
	$(PYTHON) -m venv $(EXPORT)
	$(EXPORT)/bin/python -m pip install --quiet -r $<
	@touch $@

graphs: $(EXPORT)/.stamp ## export every graph again (fetches PyTorch)
	$(EXPORT)/bin/python tools/export_graphs.py --all

graphs-check: $(EXPORT)/.stamp ## prove that the committed graphs are what the exporter makes
	$(EXPORT)/bin/python tools/export_graphs.py --check

$(DEPS)/pytest/.stamp:
	$(PYTHON) -m venv $(DEPS)/pytest
	$(DEPS)/pytest/bin/python -m pip install --quiet pytest==8.4.2
	@touch $@

test-tools: $(DEPS)/pytest/.stamp ## test the Python tools that need no PyTorch
	$(DEPS)/pytest/bin/python -m pytest -q tools/tests

test-exporter: $(EXPORT)/.stamp ## test the graph exporter
	$(EXPORT)/bin/python -m pytest -q tools/exporter

clean: ## remove what was built here
	rm -rf bin

distclean: clean ## remove what was fetched as well
	rm -rf $(DEPS)
