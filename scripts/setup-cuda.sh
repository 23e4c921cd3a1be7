#!/usr/bin/env bash
# Fetches the GPU build of ONNX Runtime (x64: CUDA 13 and TensorRT providers) into the user's cache folder.
# The NVIDIA driver must be there; TensorRT itself is not fetched.
#
#   setup-cuda.sh              CUDA 13 and cuDNN 9 are installed on this machine already
#   setup-cuda.sh --with-cuda  fetch their libraries too (about 2 GB)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

target=$ort_cache/$ort_version-cuda

# SHA-256 of each file as it lies in the onnxruntime-gpu package.
declare -rA files=(
	[libonnxruntime.so.1.30.0]=5a140dc17c8b60b35b2ceab0bb533e65ac54f06a208948417c1f9c31df6afc4c
	[libonnxruntime_providers_shared.so]=086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d
	[libonnxruntime_providers_cuda.so]=35da2e7ed0dd0d1aec5cdb16ce11a51d06c0c48cf62d1b1c9332946a4fae14fc
	[libonnxruntime_providers_tensorrt.so]=4365c6412845f42d7de138055ad3dcff5d0fbca2d748e30e8a04aa3ab0643337
)

complete() {
	local name
	for name in "${!files[@]}"; do
		[[ -f $target/$name && $(sha256 "$target/$name") == "${files[$name]}" ]] || return 1
	done
}

case ${1:-} in
"" | --with-cuda) ;;
*) die "unknown argument $1: use --with-cuda or nothing" ;;
esac
[[ $(machine) == x64 ]] || die "the GPU build of ONNX Runtime comes for x86-64 only: bring your own in FUSIOND_ONNXRUNTIME"
if ! find_pip; then
	apt_install python3-pip
	find_pip || die "python3-pip is installed but python3 -m pip does not run: mend Python"
fi
if complete; then
	say "ONNX Runtime $ort_version for CUDA present, checksums right: $target"
else
	mkdir -p "$target"
	work=$(mktemp -d "$ort_cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	say "fetching ONNX Runtime $ort_version for CUDA (250 MB)"
	fetch_wheel "$work" "onnxruntime-gpu==$ort_version" ||
		die "pip could not fetch onnxruntime-gpu $ort_version: check the network and pip's package source"
	for name in "${!files[@]}"; do
		unpack_wheel "$work"/onnxruntime_gpu-*.whl "onnxruntime/capi/$name" "$work/$name"
		[[ $(sha256 "$work/$name") == "${files[$name]}" ]] ||
			die "$name has SHA-256 $(sha256 "$work/$name"), expected ${files[$name]}: not installed; check the package source"
		mv "$work/$name" "$target/$name"
	done
	say "ONNX Runtime $ort_version for CUDA installed, checksums right: $target"
fi
if [[ ${1:-} == --with-cuda ]]; then
	say "fetching the CUDA 13 and cuDNN 9 libraries (about 2 GB)"
	"${pip[@]}" install --quiet --upgrade --no-deps --only-binary=:all: --target "$target/nvidia" \
		'nvidia-cuda-runtime~=13.0' 'nvidia-cublas~=13.0' 'nvidia-cuda-nvrtc~=13.0' \
		'nvidia-cufft~=12.0' 'nvidia-curand~=10.0' 'nvidia-cudnn-cu13~=9.0' ||
		die "pip could not fetch the CUDA libraries (see above): check the network and the free disk space"
	say "CUDA libraries installed: $target/nvidia"
fi
if [[ -d $target/nvidia ]]; then
	folders=$(find "$target/nvidia" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
	say "set LD_LIBRARY_PATH=$folders"
fi
say "set FUSIOND_ONNXRUNTIME=$target/libonnxruntime.so.$ort_version, then run fusiond doctor"
