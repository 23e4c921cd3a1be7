# What each target does: make help
SHELL := /bin/bash
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS := $(CURDIR)/.tools/bin
DRIVE ?=
# Packages that must build and pass without cgo, OpenCV and ONNX Runtime.
PURE := ./proto/... ./sensors ./sync ./fusion/... ./eval ./replay/... ./internal/bus ./internal/config ./internal/npz ./internal/render
export PATH := $(TOOLS):$(PATH)

.PHONY: help setup setup-dev setup-training setup-webgpu build lint test test-pure demo bench fuzz proto clean

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

lint: ## gofumpt, golangci-lint with the import rules, generated code
	@test -z "$$(gofumpt -l $$(git ls-files '*.go' | grep -v pb.go))" || { echo "gofumpt these:"; gofumpt -l $$(git ls-files '*.go' | grep -v pb.go); exit 1; }
	golangci-lint run ./...
	@if command -v protoc >/dev/null; then $(MAKE) --no-print-directory proto && git diff --exit-code --stat -- proto; \
	else echo "lint: protoc is not here, generated code is not checked: make setup-dev"; fi

test: ## all tests, with the race detector
	go test -race -timeout 20m ./...

test-pure: ## what must work without cgo, OpenCV and ONNX Runtime
	CGO_ENABLED=0 go test -timeout 10m $(PURE)

demo: build ## the main job on a recorded drive: make demo DRIVE=FOLDER
	@test -n "$(DRIVE)" || { echo "demo: name a folder in nuScenes' layout or a recording: make demo DRIVE=FOLDER"; exit 2; }
	bin/fusiond demo --drive "$(DRIVE)"

bench: ## benchmarks of every package
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## ten seconds of each fuzz target
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go . | xargs -n1 dirname | sort -u); do \
	  for t in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$p/*_test.go | cut -c6- | sort -u); do \
	    go test -run '^$$' -fuzz "^$$t$$" -fuzztime 10s $$p || exit 1; done; done

proto: ## generate proto/**/*.pb.go again
	protoc -I proto --go_out=. --go_opt=module=github.com/fusiond/fusiond proto/fusion/v1/*.proto

clean: ## remove what was built
	rm -rf bin out
