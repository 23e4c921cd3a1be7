#!/usr/bin/env bash
# Installs what training needs: PyTorch, ONNX, NumPy, SciPy, YAML and pytest from Debian, and the rest of
# training/requirements.txt into training/.venv, which sees Debian's packages. PyTorch in particular must not
# come from pip: its x86-64 wheels bring gigabytes of CUDA.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

venv=$root/training/.venv
requirements=$root/training/requirements.txt
stamp=$venv/.fusiond-requirements

[[ -f $requirements ]] || die "$requirements is missing: run this in a complete checkout"
apt_install python3-torch python3-onnx python3-numpy python3-scipy python3-yaml python3-pytest python3-venv
if [[ -f $stamp && $(<"$stamp") == "$(sha256 "$requirements")" ]]; then
	say "training/.venv present, requirements unchanged"
else
	# Debian's own Python by its path: another python3 on PATH does not see Debian's packages.
	say "making training/.venv"
	/usr/bin/python3 -m venv --system-site-packages "$venv" ||
		die "the virtual environment could not be made: remove $venv and run this again"
	grep -viE '^(torch|onnx|numpy|scipy|pyyaml|pytest)([^a-z0-9_.-]|$)' "$requirements" >"$venv/requirements.txt" || true
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$venv/requirements.txt" ||
		die "pip could not install training/requirements.txt (see above): check the network, then run this again"
	sha256 "$requirements" >"$stamp"
	say "training/.venv made: Debian's packages and $(grep -cE '^[A-Za-z]' "$venv/requirements.txt" || true) of training/requirements.txt"
fi
say "done: training/.venv/bin/python"
