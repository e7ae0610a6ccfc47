# mslora. All that a newcomer types is `make demo` or `make test`; `make help` lists the rest.
# What is fetched or made along the way goes to .deps, with pinned versions and checksums.

GO      ?= go
PYTHON  ?= python3
export GO

DEPS    := .deps
PROGRAM := bin/mslora
MODEL   := bge-small
REVIEWS := $(DEPS)/data/reviews
SETS    := $(DEPS)/data/sets/reviews
EXPORT  := $(DEPS)/export
TESTING := $(DEPS)/testing
BENCH   := $(DEPS)/bench
CLIENTS := $(DEPS)/clients

# How long `make test-clients` may take to let programs answer; 0 for no limit.
CLIENTS_TIME ?= 0

# need TEST, WHAT IS MISSING, HINT: stops with two clear lines unless the shell command TEST succeeds.
need = $(1) >/dev/null 2>&1 || { printf 'error: %s\nhint: %s\n' '$(2)' '$(3)' >&2; exit 1; }

# A virtual environment's stamp: made anew when its requirements change.
define environment
	@$(call need,$(PYTHON) -c "import ensurepip",$(PYTHON) has no venv module,install it: python3-venv on Debian and Ubuntu)
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
endef

.DELETE_ON_ERROR:
.PHONY: help toolchains deps gpu build test lint race cross vulnerabilities test-tools test-exporter test-clients clients-table clients-classifier demo model reviews graphs graphs-check bench bench-predict bench-serve clean distclean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

toolchains:
	@$(call need,command -v $(GO),Go is missing,install Go 1.26 or later or name its command: make GO=/path/to/go)
	@$(call need,command -v cc,there is no C compiler,install gcc or clang so that the command cc works)
	@$(call need,$(PYTHON) -m pip --version,$(PYTHON) with pip is missing,install Python 3.9 or later with pip and venv)

deps: toolchains ## put the two native libraries into .deps/lib: ONNX Runtime and tokenizers
	@$(PYTHON) tools/fetch_onnxruntime.py $(DEPS)/lib
	@tools/build_tokenizers.sh $(DEPS)/lib

gpu: toolchains ## put the GPU build of ONNX Runtime into .deps/gpu (docs/gpu.md)
	@$(PYTHON) tools/fetch_onnxruntime.py $(DEPS)/gpu --gpu

build: deps ## build bin/mslora
	$(GO) build -o $(PROGRAM) ./cmd/mslora

test: deps ## vet and test all Go packages
	$(GO) vet ./...
	$(GO) test ./...

lint: deps ## find mistakes, missing package comments, dead code and unnamed licenses
	@tools/lint.sh

race: toolchains ## look for data races in the Go packages that need no native library
	$(GO) test -race $$($(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | \
		sed -nE -e '/onnxruntime_go|daulet.tokenizers|^mslora.tools/d' -e 's/\.test .*//p')

cross: toolchains ## type-check the Go code for macOS and Linux on arm64
	$(GO) run ./tools/crosscheck darwin/arm64 linux/arm64

vulnerabilities: deps ## look for known vulnerabilities in code that mslora calls
	@tools/vulnerabilities.sh

test-tools: $(TESTING)/.stamp ## test the Python tools, except the exporter
	$(TESTING)/bin/python -m pytest -q tools/tests

test-exporter: deps $(EXPORT)/.stamp ## test the exporter, the benchmark's loops, and that other programs open classifiers (fetches PyTorch)
	$(EXPORT)/bin/python -m pytest -q tools/exporter tools/bench

test-clients: clients-classifier ## let other programs answer 200 texts and compare (docs/clients.md; fetches their packages)
	$(GO) run ./tools/clients -limit $(CLIENTS_TIME) $(CLIENTS)/classifier $(DEPS)/models/$(MODEL)

clients-table: clients-classifier ## the same, and write the table of docs/clients.md
	$(GO) run ./tools/clients -write docs/clients.md $(CLIENTS)/classifier $(DEPS)/models/$(MODEL)

clients-classifier: build model reviews
	$(PROGRAM) train --quiet --data $(REVIEWS)/train.csv --limit 200 --method lora --head trained \
		--lr 1e-3 --epochs 4 --out $(CLIENTS)/classifier

model: toolchains
	@$(PYTHON) tools/fetch_model.py $(MODEL) --out $(DEPS)/models/$(MODEL)

reviews: toolchains
	@$(PYTHON) tools/fetch_reviews.py --out $(REVIEWS)

# DEMO=quick trains less, to see the whole way in minutes.
ifeq ($(DEMO),quick)
RUN := --attacks addsent --methods lora,musclelora --limit 400 --epochs 3 --lr 1e-3 --precision auto --out runs/demo-quick
else
RUN := --attacks badnets,addsent --methods vanilla,lora,musclelora,purify --precision auto --out runs/demo
endif

demo: build model reviews ## poison film reviews, train on them with four methods, print the table (DEMO=quick: a cut-down one)
	$(PROGRAM) poison --data $(REVIEWS) --attack badnets,addsent --ratio 0.1 --target 1 --out $(SETS) --force
	$(PROGRAM) run --model $(MODEL) --data $(SETS) $(RUN)

graphs: $(EXPORT)/.stamp ## export all graphs again (fetches PyTorch)
	$(EXPORT)/bin/python tools/export_graphs.py --all

graphs-check: $(EXPORT)/.stamp ## prove that the committed graphs are what the exporter makes (fetches PyTorch)
	$(EXPORT)/bin/python tools/export_graphs.py --check

# OUT=docs/results/performance keeps the results for docs/performance.md.
bench: build model reviews $(BENCH)/.stamp ## time a training step beside PyTorch's (fetches PyTorch)
	@$(PYTHON) tools/fetch_model.py minilm --out $(DEPS)/models/minilm
	@$(PYTHON) tools/fetch_model.py bert-base --out $(DEPS)/models/bert-base
	tools/bench/run.sh $(BENCH)/bin/python $(OUT)

bench-predict: build model reviews $(BENCH)/.stamp ## time predictions beside Hugging Face's pipeline (fetches PyTorch)
	$(BENCH)/bin/python tools/bench/predict.py

bench-serve: deps model reviews $(BENCH)/.stamp ## load `mslora serve` beside a plain server of Hugging Face's pipeline (fetches PyTorch)
	$(BENCH)/bin/python tools/bench/serve.py

$(TESTING)/.stamp: tools/requirements-test.txt
	$(environment)

$(EXPORT)/.stamp: tools/requirements-export.txt
	$(environment)

$(BENCH)/.stamp: tools/bench/requirements.txt
	$(environment)

clean: ## remove what was built: bin
	rm -rf bin

distclean: clean ## remove what was fetched as well: .deps
	rm -rf $(DEPS)
