#!/bin/sh
# Prints the Python that makes the environment: $PYTHON, else the first one that really runs.
# A name on the PATH proves nothing (a version manager's shim may point nowhere), so each is tried.
set -u

runs() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1
}

makes_environments() {
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

fail() {
    printf 'valuekit: %s\n' "$1" >&2
    exit 1
}

if [ -n "${PYTHON:-}" ]; then
    runs "$PYTHON" || fail "PYTHON=$PYTHON does not run as Python 3.11, 3.12 or 3.13: give one that does."
    makes_environments "$PYTHON" ||
        fail "PYTHON=$PYTHON cannot make environments: install its venv module (Debian: apt install python3-venv)."
    printf '%s\n' "$PYTHON"
    exit 0
fi

bare=
for candidate in python3.13 python3.12 python3.11 python3; do
    runs "$candidate" || continue
    if makes_environments "$candidate"; then
        printf '%s\n' "$candidate"
        exit 0
    fi
    bare=$candidate
done
[ -z "$bare" ] ||
    fail "$bare cannot make environments: install its venv module (Debian: apt install python3-venv)."
fail "no Python 3.11, 3.12 or 3.13 runs here: install one, or name it with PYTHON=/path/to/python3."
