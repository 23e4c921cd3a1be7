# What each target does: make help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS := $(CURDIR)/.tools/bin
DRIVE ?=
# Packages that must build and pass without cgo, OpenCV and ONNX Runtime.
PURE := ./proto/... ./sensors ./sensors/condition ./sync ./fusion/... ./eval ./replay/... ./sim/... ./internal/bus ./internal/config ./internal/npz ./internal/render
MODULE := github.com/fusiond/fusiond
# Foxglove's schemas have no go_package of their own.
FOXGLOVE := $(notdir $(wildcard proto/foxglove/*.proto))
# Generates all Go code of proto/ below the folder $(1).
generate = protoc -I proto --go_out=$(1) --go_opt=module=$(MODULE) proto/fusion/v1/*.proto && \
	protoc -I proto --go_out=$(1) --go_opt=module=$(MODULE) \
		$(foreach f,$(FOXGLOVE),--go_opt=Mfoxglove/$(f)=$(MODULE)/proto/foxglove) proto/foxglove/*.proto
FUZZTIME ?= 10s
export PATH := $(TOOLS):$(PATH)

.PHONY: help setup setup-dev setup-training setup-webgpu build lint lint-go lint-proto lint-python lint-shell lint-vuln
.PHONY: test test-pure test-webgpu test-training demo bench fuzz proto clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "%-15s %s\n", $$1, $$2}'

setup: ## install what is missing: OpenCV, TurboJPEG, the ONNX Runtime library
	@scripts/setup.sh

setup-dev: ## install the linters and protoc for this repository
	@scripts/setup-dev.sh

setup-training: ## install PyTorch and what training/ needs
	@scripts/setup-training.sh

setup-webgpu: ## install a software Vulkan device for the WebGPU check
	@scripts/setup-webgpu.sh

build: ## build bin/fusiond
	go build -ldflags "-X main.version=$(VERSION)" -o bin/fusiond ./cmd/fusiond

lint: lint-go lint-proto lint-shell lint-python lint-vuln ## everything below

lint-go: ## golangci-lint with gofumpt and the walls around libraries; the import table is a test (internal/deptest)
	@command -v golangci-lint >/dev/null || { echo "lint: golangci-lint is not here: make setup-dev"; exit 1; }
	golangci-lint run ./...

lint-proto: ## is the committed generated code what proto/ gives? The working tree stays as it is
	@command -v protoc >/dev/null || { echo "lint: SKIPPED generated code: protoc is not here: make setup-dev"; exit 0; }; \
	have=$$(protoc --version | cut -d' ' -f2) want=$$(sed -n 's|^//.*protoc  *v||p' proto/fusion/v1/common.pb.go); \
	[[ $$have == "$$want" ]] || { echo "lint: SKIPPED generated code: protoc is $$have, the code was made with $$want"; exit 0; }; \
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; $(call generate,"$$tmp"); \
	diff <(cd "$$tmp" && find proto -name '*.pb.go' | sort) <(find proto -name '*.pb.go' | sort) && \
	for f in $$(cd "$$tmp" && find proto -name '*.pb.go'); do cmp "$$tmp/$$f" "$$f"; done || \
	{ echo "lint: generated code differs from proto/: make proto, and commit the result"; exit 1; }

lint-shell: ## shellcheck
	@if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh .ci/run; else echo "lint: SKIPPED shell scripts: shellcheck is not here"; fi

lint-python: ## ruff over training/
	@ruff=training/.venv/bin/ruff; if [[ -x $$ruff ]]; then $$ruff check training && $$ruff format --check training; \
	else echo "lint: SKIPPED training/: ruff is not here: make setup-training"; fi

lint-vuln: ## govulncheck, where its database can be reached
	@command -v govulncheck >/dev/null || { echo "lint: SKIPPED known vulnerabilities: govulncheck is not here: make setup-dev"; exit 0; }; \
	out=$$(govulncheck ./... 2>&1) && { echo "$$out"; exit 0; }; \
	if grep -q 'fetching vulnerabilities' <<<"$$out"; then echo "lint: SKIPPED known vulnerabilities: their database cannot be reached"; \
	else echo "$$out"; exit 1; fi

test: ## all tests, with the race detector; skips are counted with their reasons
	go test -race -json -p 2 -timeout 20m ./... | awk -f .ci/test-summary.awk

test-pure: ## what must work without cgo, OpenCV and ONNX Runtime
	CGO_ENABLED=0 go test -json -timeout 10m $(PURE) | awk -f .ci/test-summary.awk

test-webgpu: build ## WebGPU against the CPU on a software Vulkan device, with the tiny package (make setup-webgpu)
	@[[ -f models/tiny/manifest.yaml ]] || { echo "test-webgpu: models/tiny is missing: training/train.py export --random --size tiny --tensors made --out models/tiny"; exit 1; }
	VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json FUSIOND_TEST_WEBGPU=1 go test -count=1 -run WebGPU ./internal/onnx
	VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json bin/fusiond model verify models/tiny --provider webgpu

test-training: ## pytest over training/
	cd training && .venv/bin/python -m pytest

demo: build ## the main job on a drive into fog; on another one: make demo DRIVE=FOLDER
	bin/fusiond demo $(if $(DRIVE),--drive "$(DRIVE)")

bench: ## benchmarks of every package, also into out/bench.txt
	@mkdir -p out
	@{ echo "# $(VERSION), $$(date -u +%F), $$(go env GOVERSION), $$(nproc) cores,$$(sed -n 's/^model name.*://p' /proc/cpuinfo | head -1)"; \
	go test -run '^$$' -bench . -benchmem $$(grep -rl '^func Benchmark' --include=*_test.go . | xargs -n1 dirname | sort -u); } | tee out/bench.txt

fuzz: ## each fuzz target for FUZZTIME (10s)
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go . | xargs -n1 dirname | sort -u); do \
	  for t in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$p/*_test.go | cut -c6- | sort -u); do \
	    go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$p; done; done

proto: ## generate proto/**/*.pb.go again
	$(call generate,.)

clean: ## remove what was built
	rm -rf bin out
