#!/usr/bin/env bash
# Installs what the WebGPU check needs: a build of the ONNX Runtime library with WebGPU (x64), and a software Vulkan
# device, on which the provider runs without a graphics card (slowly: for tests of equality with the CPU). The device is
# the one that comes with Chromium; Mesa's lacks a feature.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

icd=/usr/lib/chromium/vk_swiftshader_icd.json

apt_install chromium libvulkan1
# Only npm's package of the ONNX Runtime library has WebGPU inside.
command -v npm >/dev/null || apt_install npm
FUSIOND_SETUP_CLIENT=npm "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
[[ -f $icd ]] || die "Chromium is installed but $icd is missing: use Debian's chromium package"
say "software Vulkan device: $icd"
say "done: VK_ICD_FILENAMES=$icd selects it; FUSIOND_TEST_WEBGPU=1 go test ./internal/onnx/ tests it"
