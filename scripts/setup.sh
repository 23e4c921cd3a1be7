#!/usr/bin/env bash
# Installs what fusiond needs to build and run on Debian 12 (x64, arm64) with Go and git: compiler, OpenCV,
# TurboJPEG, and the ONNX Runtime library in the user's cache folder. It only adds what is missing.
#
#   FUSIOND_ONNXRUNTIME=PATH   use this ONNX Runtime library, fetch none
#   FUSIOND_SETUP_CLIENT=npm|pip   the library out of this client's package (default: npm's, else pip's)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# SHA-256 of libonnxruntime 1.30.0 as it lies in each package. The x64 one of npm has WebGPU inside, the
# others run on the CPU only.
declare -rA ort_sha256=(
	[npm-x64]=ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23
	[npm-arm64]=1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76
	[pip-x64]=c902c70b3003c0e99fada202f37478c515ae9bba7944c2b2abd0017bae0c82ed
	[pip-arm64]=8a218e1e446880131115c368ec7005969a5022af9a15a26173de648fef0b7789
)

# client_of FILE prints the client whose package FILE comes from, or fails.
client_of() {
	local sum client
	sum=$(sha256 "$1")
	for client in npm pip; do
		if [[ $sum == "${ort_sha256[$client-$arch]}" ]]; then
			echo "$client"
			return
		fi
	done
	return 1
}

fetch_with_npm() {
	(cd "$work" && npm pack --silent "onnxruntime-node@$ort_version" >/dev/null) &&
		tar -xzf "$work/onnxruntime-node-$ort_version.tgz" -C "$work" -O \
			"package/bin/napi-v6/linux/$arch/libonnxruntime.so.1" >"$work/library"
}

fetch_with_pip() {
	fetch_wheel "$work" "onnxruntime==$ort_version" &&
		unpack_wheel "$work"/onnxruntime-*.whl "onnxruntime/capi/libonnxruntime.so.$ort_version" "$work/library"
}

# choose_clients sets clients to those to try in order, installing pip if there is none at all.
choose_clients() {
	clients=()
	command -v npm >/dev/null && clients+=(npm)
	find_pip && clients+=(pip)
	case ${FUSIOND_SETUP_CLIENT:-} in
	"") ;;
	npm | pip)
		[[ " ${clients[*]} " == *" $FUSIOND_SETUP_CLIENT "* ]] ||
			die "FUSIOND_SETUP_CLIENT is $FUSIOND_SETUP_CLIENT, which is not installed: install it, or unset the variable"
		clients=("$FUSIOND_SETUP_CLIENT")
		;;
	*) die "FUSIOND_SETUP_CLIENT is '$FUSIOND_SETUP_CLIENT': use npm or pip" ;;
	esac
	if ((${#clients[@]} == 0)); then
		apt_install python3-pip
		find_pip || die "python3-pip is installed but python3 -m pip does not run: mend Python, or install npm"
		clients=(pip)
	fi
}

setup_onnxruntime() {
	local target=$ort_cache/$ort_version/libonnxruntime.so.1 client
	if [[ -n ${FUSIOND_ONNXRUNTIME:-} ]]; then
		[[ -f $FUSIOND_ONNXRUNTIME ]] ||
			die "FUSIOND_ONNXRUNTIME names $FUSIOND_ONNXRUNTIME, which is not a file: correct it, or unset it to fetch one"
		say "ONNX Runtime: your own library $FUSIOND_ONNXRUNTIME (FUSIOND_ONNXRUNTIME); fusiond doctor checks its version"
		return
	fi
	if [[ -f $target ]]; then
		if ! client=$(client_of "$target"); then
			say "ONNX Runtime in $target has a wrong checksum: fetching it again"
		elif [[ ${FUSIOND_SETUP_CLIENT:-$client} == "$client" ]]; then
			say "ONNX Runtime $ort_version present, checksum right ($client package): $target"
			return
		fi
	fi
	choose_clients
	mkdir -p "$ort_cache/$ort_version"
	work=$(mktemp -d "$ort_cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	for client in "${clients[@]}"; do
		say "fetching ONNX Runtime $ort_version with $client (25 to 115 MB)"
		if ! "fetch_with_$client"; then
			say "$client could not fetch it"
			continue
		fi
		[[ $(sha256 "$work/library") == "${ort_sha256[$client-$arch]}" ]] ||
			die "the ONNX Runtime library from $client has SHA-256 $(sha256 "$work/library"), expected" \
				"${ort_sha256[$client-$arch]}: not installed; check the package source"
		chmod 0755 "$work/library"
		mv "$work/library" "$target"
		say "ONNX Runtime $ort_version installed, checksum right ($client package): $target"
		if [[ $client-$arch == pip-x64 ]]; then
			say "note: this library runs on the CPU; for WebGPU too: FUSIOND_SETUP_CLIENT=npm make setup (needs npm)"
		fi
		return
	done
	die "no ONNX Runtime library: tried ${clients[*]}: check the network and the client's package source," \
		"or set FUSIOND_ONNXRUNTIME to a libonnxruntime.so of $ort_version"
}

arch=$(machine)
command -v go >/dev/null || die "no go command: install Go 1.26 or newer and put it on PATH"
say "$(go env GOVERSION) present"
((EUID == 0)) && [[ -n ${SUDO_USER:-} ]] &&
	say "note: under sudo the library goes into $ort_cache; run make setup as $SUDO_USER instead, it calls sudo itself"
apt_install ca-certificates g++ make pkg-config libopencv-dev libturbojpeg0-dev
opencv=$(pkg-config --modversion opencv4) || die "OpenCV is installed but pkg-config does not find opencv4: reinstall libopencv-dev"
[[ $opencv == 4.6.* ]] || say "note: OpenCV $opencv; fusiond is built and tested with 4.6.0 and may not compile with another"
setup_onnxruntime
say "done: make build, make test"
