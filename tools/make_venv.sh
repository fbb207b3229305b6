#!/bin/sh
# Creates the virtual environment $1 with the newest Python of 3.11 or later, or says in one sentence why it cannot.
# PYTHON=/path/to/python chooses one.
set -eu
venv=$1
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

chosen=
for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
  if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
    chosen=$candidate
    break
  fi
done
if [ -z "$chosen" ]; then
  found=$("${PYTHON:-python3}" --version 2>&1) || found="none"
  echo "hongyan needs Python 3.11 or later (found: $found). Install one, or name it: make setup PYTHON=/path/to/python3" >&2
  exit 1
fi
if ! "$chosen" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "$chosen has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
  exit 1
fi
"$chosen" -m venv "$venv"
