#!/bin/sh
# Format, lint, types and import rules; runs all four and fails if any does.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
status=0

step() {
    name=$1
    shift
    if "$@"; then
        printf 'valuekit: %s ok\n' "$name"
    else
        printf 'valuekit: %s FAILED\n' "$name" >&2
        return 1
    fi
}

# The types take longer than all the rest, which runs beside them.
step types "$bin/mypy" --no-error-summary &
types=$!
step format "$bin/ruff" format --check --quiet . || status=1
step lint "$bin/ruff" check --quiet . || status=1
step imports "$bin/lint-imports" --no-logo || status=1
wait "$types" || status=1
exit "$status"
