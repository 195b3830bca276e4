#!/bin/sh
# Brings .venv to a lock file: environment.sh runtime|dev. Does nothing when it is there already.
# The stamps hold checksums, not times: a fresh checkout gives every file a new time.
set -u
cd "$(dirname "$0")/.." || exit 1

want=${1:?usage: environment.sh runtime|dev}
lock=requirements/$want.txt
python=.venv/bin/python
log=.venv/install.log

say() { printf 'valuekit: %s\n' "$1"; }
fail() {
    printf 'valuekit: %s\n' "$1" >&2
    exit 1
}
sum() { cksum <"$1"; }
stamped() { [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$(sum "$2")" ]; }
version() { "$1" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null; }

# Any lock's stamp that no longer matches its file means a rebuild from nothing.
outdated() {
    for name in runtime dev; do
        [ ! -e ".venv/stamp-$name" ] || stamped "$name" "requirements/$name.txt" || return 0
    done
    [ -n "${PYTHON:-}" ] && [ "$(version "$PYTHON")" != "$(version "$python")" ]
}

explain() { # why an install failed, in one line
    if grep -qE 'NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|ProxyError|Max retries|from versions: none|Network is unreachable' "$log"; then
        fail "the package index cannot be reached: check the network or pip's settings (details: $log)."
    elif grep -qE 'DO NOT MATCH THE HASHES' "$log"; then
        fail "a downloaded package is not the one that was locked; nothing of it was installed (details: $log)."
    elif grep -qE 'No space left' "$log"; then
        fail "the disk is full: the environment needs about 2 GB (details: $log)."
    fi
    fail "packages could not be installed: $(grep -E '^ERROR' "$log" | head -n 1 | cut -c1-160) (details: $log)."
}

install() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-input --progress-bar off \
        --no-deps --retries 3 "$@" >"$log" 2>&1 </dev/null || explain
}

[ -r "$lock" ] || fail "$lock is missing: restore it, or run make lock."

if ! "$python" -c '' 2>/dev/null || outdated; then
    base=$(sh scripts/python.sh) || exit 1
    say "making .venv with Python $(version "$base")"
    "$base" -m venv --clear .venv >/dev/null 2>&1 ||
        fail "$base could not make .venv: install its venv module (Debian: apt install python3-venv) and check the folder is writable."
fi

# The dev lock holds every runtime package at the same version.
if ! stamped dev requirements/dev.txt && ! stamped "$want" "$lock"; then
    say "installing $(grep -c '^[a-z]' "$lock") locked packages (a minute or so)"
    install --only-binary :all: --require-hashes --requirement "$lock"
    sum "$lock" >".venv/stamp-$want"
fi

if ! stamped project pyproject.toml; then
    say "installing valuekit itself"
    install --no-build-isolation --editable .
    sum pyproject.toml >.venv/stamp-project
fi
