#!/usr/bin/env bash
# Makes .venv/nio: the independent encrypted client the tests drive. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
stamp=.venv/nio/.installed
want=$(cksum < synapse-config/requirements-nio.txt)
[[ -f $stamp && $(< "$stamp") == "$want" ]] && exit 0
python=${PYTHON:-.venv/bin/python}
[[ -x $python ]] || python=python3
"$python" -m venv .venv/nio
.venv/nio/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
  -r synapse-config/requirements-nio.txt
printf '%s\n' "$want" > "$stamp"
