#!/usr/bin/env bash
# What each idea brings: trains the network anew without it, with the same budget for all, and prints the suite's table of them.
#
#   scripts/ablate.sh OUT HELD TENSORS...      # WEIGHTS=folder of yolox_nano.onnx; PACE=0.1, WORLDS=4, CACHE=OUT/cache
#
# OUT keeps what is finished: an interrupted run goes on. Needs PyTorch (make setup-training) and bin/fusiond (make build).
set -euo pipefail

[[ $# -ge 3 && -n ${WEIGHTS:-} ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$1 held=$2
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${CACHE:-$out/cache}
python=${PYTHON:-/usr/bin/python3}
stages=lidar,radar,camera,align,fusion,joint

# train NAME SETTINGS...: a package under OUT/NAME/package.
train() {
	local name=$1 run=$out/$1 start=(--weights "$WEIGHTS")
	shift
	[[ -f $run/package/manifest.yaml ]] && return
	[[ $* == *camera_backbone=own* ]] && start=()
	[[ -f $run/checkpoint.pt ]] && start=(--resume)
	local settings=()
	for s in "$@"; do settings+=(--set "$s"); done
	echo "ablate: train $name" >&2
	"$python" "$root/training/train.py" train --config "$root/training/configs/tribev-sim.json" --pace "${PACE:-0.1}" "${settings[@]}" \
		--tensors "${tensors[@]}" --check "$held" --out "$run" "${start[@]}"
	"$python" "$root/training/train.py" export --checkpoint "$run/checkpoint.pt" --tensors "$held" --name "$name" --out "$run/package.part"
	mv "$run/package.part" "$run/package"
}

# measure NAME STRATEGY LABEL: the suite at middle severity, under OUT/LABEL/suite.
measure() {
	[[ -f $out/$3/suite/suite.json ]] && return
	"$root/bin/fusiond" eval --suite --quick --worlds "${WORLDS:-4}" --cache "$cache" --model "$out/$1/package" --strategy "$2" \
		--out "$out/$3/suite" >&2
}

tensors=("$@")
train reference "stages=$stages,early"
train no-dropout "stages=$stages" doubt.subset=0
train no-reliability "stages=$stages" reliability=false
train no-contrast "stages=$stages" loss.align=0
train no-transfer "stages=$stages" camera_backbone=own
suites=()
for name in reference no-dropout no-reliability no-contrast no-transfer; do
	measure "$name" attention "$name"
	suites+=("$out/$name/suite/suite.json")
done
measure reference early no-attention
"$root/bin/fusiond" eval --suite-compare "${suites[@]}" "$out/no-attention/suite/suite.json"
