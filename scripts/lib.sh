# Functions that the setup scripts share; sourced, never run.
# shellcheck shell=bash disable=SC2034

readonly ort_version=1.30.0
ort_cache=${XDG_CACHE_HOME:-$HOME/.cache}/fusiond/onnxruntime
readonly ort_cache
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

say() { printf 'setup: %s\n' "$*"; }

die() {
	printf 'setup: error: %s\n' "$*" >&2
	exit 1
}

# machine prints x64 or arm64, the architectures that the ONNX Runtime library comes for.
machine() {
	case $(uname -m) in
	x86_64) echo x64 ;;
	aarch64 | arm64) echo arm64 ;;
	*) die "$(uname -m) is not supported: use x86-64 or arm64, or bring your own library in FUSIOND_ONNXRUNTIME" ;;
	esac
}

# quietly COMMAND... runs a command and shows the end of its output only if it fails.
quietly() {
	local log status=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 || status=$?
	((status == 0)) || tail -n 20 "$log" >&2
	rm -f "$log"
	return "$status"
}

# apt_install PACKAGE... installs what is missing and says so. Nothing is asked of the network otherwise.
apt_install() {
	local missing=() package
	command -v dpkg-query >/dev/null || die "this is not Debian: install the counterparts of: $*"
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
	done
	if ((${#missing[@]} == 0)); then
		say "packages present: $*"
		return
	fi
	local as_root=()
	if ((EUID != 0)); then
		command -v sudo >/dev/null || die "no root rights: run as root: apt-get install --no-install-recommends ${missing[*]}"
		as_root=(sudo)
	fi
	say "installing packages: ${missing[*]}"
	if ! quietly "${as_root[@]}" apt-get update -q ||
		! quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
			--no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"; then
		die "apt-get failed (its last lines are above): check the package sources, then run this again"
	fi
	say "installed packages: ${missing[*]}"
}

# find_pip sets pip to a working "python3 -m pip"; it fails where there is none.
find_pip() {
	local python
	for python in python3 /usr/bin/python3; do
		if "$python" -m pip --version >/dev/null 2>&1; then
			pip=("$python" -m pip --disable-pip-version-check)
			return 0
		fi
	done
	return 1
}

# fetch_wheel DIR REQUIREMENT downloads one wheel for this machine into DIR. The Python version is fixed, so
# that the same file comes whatever Python runs pip.
fetch_wheel() {
	local platform=manylinux_2_28_x86_64
	[[ $(machine) == arm64 ]] && platform=manylinux_2_28_aarch64
	"${pip[@]}" download --quiet --no-deps --only-binary=:all: --implementation cp --python-version 3.12 \
		--abi cp312 --platform "$platform" --dest "$1" "$2"
}

# unpack_wheel WHEEL MEMBER FILE writes one member of a wheel to FILE.
unpack_wheel() {
	"${pip[0]}" - "$@" <<'PY'
import shutil, sys, zipfile

wheel, member, path = sys.argv[1:]
with zipfile.ZipFile(wheel) as z, z.open(member) as src, open(path, "wb") as dst:
    shutil.copyfileobj(src, dst, 1 << 20)
PY
}

# sha256 FILE prints the checksum alone.
sha256() {
	local sum
	sum=$(sha256sum "$1")
	printf '%s\n' "${sum%% *}"
}
