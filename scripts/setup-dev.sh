#!/usr/bin/env bash
# Installs the tools of make lint and make proto into .tools/bin, in exact versions, and protoc.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bin=$root/.tools/bin

# go_tool PACKAGE MODULE VERSION builds one tool unless it is there in that version.
go_tool() {
	local package=$1 module=$2 version=$3 name=${1##*/}
	if go version -m "$bin/$name" 2>/dev/null | grep -qE "^[[:space:]]+mod[[:space:]]+${module}[[:space:]]+${version}([[:space:]]|$)"; then
		say "$name $version present"
		return
	fi
	say "building $name $version"
	# Outside the repository, so that neither go.mod nor a workspace changes what is built.
	(cd / && GOBIN=$bin GOFLAGS='' quietly go install "$package@$version") ||
		die "$name $version could not be built (see above): check the network and the Go module proxy, then run this again"
	say "$name $version installed in .tools/bin"
}

command -v go >/dev/null || die "no go command: install Go 1.26 or newer and put it on PATH"
mkdir -p "$bin"
apt_install protobuf-compiler libprotobuf-dev # the second holds google/protobuf/*.proto, which Foxglove's schemas import
go_tool google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/protobuf v1.36.12
go_tool mvdan.cc/gofumpt mvdan.cc/gofumpt v0.12.0
go_tool golang.org/x/vuln/cmd/govulncheck golang.org/x/vuln v1.9.0
# This one takes two minutes.
go_tool github.com/golangci/golangci-lint/v2/cmd/golangci-lint github.com/golangci/golangci-lint/v2 v2.15.0
say "done: make lint, make proto"
