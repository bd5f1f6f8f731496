#!/bin/bash
# Install FLoMIR's synthesis with GATE 10 on a cluster without administrator rights. Run it on a login node; a second run does nothing.
set -euo pipefail

TORCH="torch==2.13.0"
TORCH_INDEX="https://download.pytorch.org/whl/cpu" # the default index brings CUDA, 5 GB that no task uses
OPENGATE="10.1.1"
GLIBC="2.34" # of opengate's wheels (manylinux_2_34)
VENV_GB=6
DATA_GB=5

usage() {
  cat <<EOF
usage: install.sh PREFIX [options]

Makes PREFIX/venv with the product and GATE $OPENGATE, stages the Geant4 data once in PREFIX/geant4, links them and checks
both by a short simulation.

  --product PATH   wheel or source checkout, which replaces an installed one; by default, where none is installed, the checkout
                   this script belongs to, or flomir-*.whl beside it
  --python PYTHON  interpreter for the virtual environment, 3.11 or newer; by default the newest on the PATH
  --venv DIR       use this virtual environment instead of PREFIX/venv
  --wheels DIR     install from the wheels in DIR only, without internet
  --g4data PATH    Geant4 data that you bring: a folder of data sets, an archive of one, or a folder of the official archives
  --no-gate        only the analytic simulator: no GATE, no Geant4 data
  --check          repeat the simulation even if it was done before
  --help
EOF
}

say() { printf '%s\n' "$*"; }

# blocked WHAT WAY_OUT...: say which step is blocked and exactly what to do, then end.
blocked() {
  printf 'Blocked: %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

prefix="" product="" python="" venv="" wheels="" g4data="" gate=yes check_again=""
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --no-gate) gate="" ;;
    --check) check_again=yes ;;
    --product | --python | --venv | --wheels | --g4data)
      [ $# -ge 2 ] || blocked "$1 needs a value." "See install.sh --help."
      declare "${1#--}=$2"
      shift ;;
    -*) blocked "there is no option $1." "See install.sh --help." ;;
    *)
      [ -z "$prefix" ] || blocked "more than one PREFIX was given: $prefix and $1." "See install.sh --help."
      prefix=$1 ;;
  esac
  shift
done
[ -n "$prefix" ] || { usage >&2; exit 2; }

absolute() { case "$1" in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }
prefix=$(absolute "$prefix")
[ -z "$venv" ] || venv=$(absolute "$venv")
[ -z "$g4data" ] || g4data=$(absolute "$g4data")
[ -z "$wheels" ] || wheels=$(absolute "$wheels")
given=$product
if [ -n "$product" ]; then
  product=$(absolute "$product")
  [ -e "$product" ] || blocked "$product does not exist." "Give a source checkout or a wheel: --product PATH."
fi

# ---------------------------------------------------------------- where to

mkdir -p "$prefix" 2>/dev/null || blocked "the folder $prefix cannot be made." \
  "Choose a PREFIX that you may write to, for example \$HOME/flomir or your project's scratch folder."
[ -w "$prefix" ] || blocked "the folder $prefix cannot be written." \
  "Choose a PREFIX that you may write to, for example \$HOME/flomir or your project's scratch folder."

room() { # room GB WHAT
  local free_kb
  free_kb=$(df -Pk "$prefix" | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -ge $(($1 * 1000 * 1000)) ] || blocked "$2 need $1 GB, $prefix has $((free_kb / 1000000)) GB free." \
    "Choose a PREFIX on a larger file system (df -h lists them; quota -s shows your quota)."
}

# ---------------------------------------------------------------- Python

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && new_enough "$name"; then command -v "$name"; return; fi
  done
  blocked "no Python 3.11 or newer is on the PATH." \
    "Look for a module: module avail python; then module load python/3.11 (or newer) and run this again." \
    "Without one: install Miniforge into your home folder, conda create -n py311 python=3.11, and give --python PATH_OF_ITS_PYTHON."
}

if [ -z "$venv" ]; then
  venv=$prefix/venv
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    say "virtual environment: already there"
  else
    [ -n "$python" ] || python=$(find_python)
    new_enough "$python" || blocked "$python is not Python 3.11 or newer." \
      "Load a newer module (module avail python) or give another --python."
    room "$VENV_GB" "the packages"
    "$python" -m venv --clear "$venv" || blocked "$python cannot make a virtual environment." \
      "Its module venv or ensurepip is missing: load another Python module or give another --python."
    say "virtual environment: made in $venv"
  fi
fi
[ -x "$venv/bin/python" ] || blocked "$venv is not a virtual environment." "Leave out --venv, or give the folder that holds bin/python."
run="$venv/bin/python"
export PYTHONSAFEPATH=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# ---------------------------------------------------------------- packages

has() { # has NAME [VERSION]: a package, without importing it
  "$run" -c 'import importlib.metadata as m, sys
try: found = m.version(sys.argv[1])
except m.PackageNotFoundError: sys.exit(1)
sys.exit(len(sys.argv) > 2 and found.split("+")[0] != sys.argv[2])' "$@"
}

installed_from() { # installed_from PATH: the product, from this very wheel or this checkout
  "$run" -c 'import hashlib, importlib.metadata as m, json, pathlib, sys
path = pathlib.Path(sys.argv[1]).resolve()
origin = json.loads(m.distribution("flomir").read_text("direct_url.json") or "{}")
if path.is_dir(): sys.exit((origin.get("url"), origin.get("dir_info")) != (path.as_uri(), {"editable": True}))
found = origin.get("archive_info", {}).get("hashes", {}).get("sha256")
sys.exit(found != hashlib.sha256(path.read_bytes()).hexdigest())' "$1"
}

find_product() {
  local here checkout wheel
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  checkout=$(cd "$here/../.." && pwd)
  if [ -f "$checkout/pyproject.toml" ] && [ -d "$checkout/synthesis" ]; then printf '%s' "$checkout"; return; fi
  for wheel in "$here"/flomir-*.whl "$PWD"/flomir-*.whl; do
    if [ -f "$wheel" ]; then printf '%s' "$wheel"; return; fi
  done
  blocked "there is no product to install." "Give a source checkout or a wheel: --product PATH."
}

pip_install() { "$run" -m pip install --quiet ${wheels:+--no-index --find-links "$wheels"} "$@"; }

no_packages() {
  blocked "$1 cannot be installed; pip's own words are above." \
    "No internet on this node: run this on a login node, or set https_proxy as your cluster's manual says." \
    "None at all: on another machine of the same kind, pip download -d wheels '$TORCH' 'PRODUCT$extra' hatchling, copy the folder, give --wheels." \
    "No space or quota: quota -s; choose another PREFIX, and set TMPDIR and PIP_CACHE_DIR to a folder with space."
}

glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ print $2 }')
if [ -n "$gate" ] && ! has opengate "$OPENGATE"; then
  [ "$(printf '%s\n%s\n' "$GLIBC" "${glibc:-0}" | sort -V | head -n 1)" = "$GLIBC" ] || blocked \
    "GATE $OPENGATE needs glibc $GLIBC, this system has ${glibc:-none}." \
    "Use newer nodes (RHEL 9, Ubuntu 22.04), or run this inside a container: apptainer exec IMAGE bash install.sh ... with" \
    "an IMAGE of Python 3.11 on Debian 12, and let python in the cluster profile name a script that runs it there." \
    "The analytic simulator needs no GATE: install.sh PREFIX --no-gate."
fi
extra=${gate:+[gate]}
done_already=yes
if ! has torch "${TORCH#*==}"; then
  done_already=""
  if [ -n "$wheels" ]; then
    pip_install "$TORCH" || no_packages "$TORCH"
  else
    pip_install --retries 1 --no-deps "$TORCH" --index-url "$TORCH_INDEX" || { # what it needs comes with the product
      say "the CPU build of torch is out of reach, taking the default one"
      pip_install "$TORCH" || no_packages "$TORCH"
    }
  fi
fi
replaced=""
if [ -n "$given" ] && has flomir && ! installed_from "$product"; then
  replaced=yes
  as=()
  if [ -d "$product" ]; then as=(-e); fi
  pip_install --force-reinstall --no-deps "${as[@]}" "$product" || no_packages "$product"
fi
if [ -n "$replaced" ] || ! has flomir || { [ -n "$gate" ] && ! has opengate "$OPENGATE"; }; then
  done_already=""
  [ -n "$product" ] || product=$(find_product)
  constraints=()
  if [ -f "$product/constraints.txt" ]; then constraints=(-c "$product/constraints.txt"); fi
  if [ -d "$product" ]; then
    pip_install "$TORCH" "${constraints[@]}" -e "$product$extra" || no_packages "$product"
  else
    pip_install "$TORCH" "$product$extra" || no_packages "$product"
  fi
fi
say "packages: ${done_already:+already }installed in $venv"

# ---------------------------------------------------------------- Geant4 data and the check

if [ -n "$gate" ]; then
  if [ ! -e "$prefix/geant4" ] && [ ! -d "${g4data:-/nowhere}" ]; then room "$DATA_GB" "the Geant4 data"; fi
  "$run" -m synthesis.cluster.stage "$prefix/geant4" ${g4data:+--from "$g4data"} || blocked "the Geant4 data are not in place." "What to do is said above."
  mark=$prefix/.checked
  state="opengate $OPENGATE, $(readlink -f "$prefix/geant4"), $(readlink -f "$venv")"
  if [ -z "$check_again" ] && [ "$(cat "$mark" 2>/dev/null)" = "$state" ]; then
    say "check: already done (--check repeats it)"
  else
    FLOMIR_G4DATA="$prefix/geant4" "$run" -m synthesis.cluster.check || blocked "the check by a short simulation failed." "What to do is said above."
    printf '%s\n' "$state" >"$mark.part" && mv "$mark.part" "$mark"
  fi
fi
say "Ready. Next:"
say "  source $venv/bin/activate"
say "  flomir synthesize run quick --out DIR --studies 100 --executor slurm --profile aipanther"
