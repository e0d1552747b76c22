# make run     build and serve on http://127.0.0.1:8080
# make test    every check and every test
# make help    the rest

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup runtime build run test bench soak eval fuzz doc deny clean

BINARY := target/release/voicegate
SPEECH ?= $(or $(VOICEGATE_SPEECH),../shared/speech)
# A Python with torch and onnx, for the comparison of `make bench`.
PYTHON ?=

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo 'make build   leave $(BINARY)'
	@echo 'make runtime fetch the pinned ONNX Runtime and GE2E'\''s weights into .runtime/'
	@echo 'make bench   time the stages of a verification; PYTHON=… adds the same work in Python'
	@echo 'make soak    20,000 verifications over HTTP, with the memory of the server'
	@echo 'make eval    error rates on the speech in SPEECH=… (default $(SPEECH))'
	@echo 'make fuzz    ten minutes of every fuzz target'
	@echo 'make doc     documentation of the crates'
	@echo 'make deny    licences, bans and sources of dependencies'
	@echo 'make clean   remove what was built, not what was fetched or stored'

setup:
	@scripts/setup build

runtime:
	@scripts/fetch-runtime
	@scripts/fetch-ge2e || true

build: setup
	cargo build --release --locked -p voicegate

run: build
	exec $(BINARY) serve

test:
	@scripts/test

bench: build
	$(BINARY) bench verify $(if $(PYTHON),--python $(PYTHON))

soak: build
	$(BINARY) bench soak

eval: build
	$(BINARY) eval verify --corpus $(SPEECH)/eval.tsv

fuzz:
	@scripts/setup test
	PATH="$(CURDIR)/.tools/bin:$$PATH" fuzz/run.sh

doc:
	cargo doc --workspace --no-deps --locked

deny:
	@scripts/setup test
	PATH="$(CURDIR)/.tools/bin:$$PATH" cargo deny check licenses bans sources

clean:
	rm -rf target fuzz/target
