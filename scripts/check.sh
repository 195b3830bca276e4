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
        status=1
    fi
}

step format "$bin/ruff" format --check --quiet .
step lint "$bin/ruff" check --quiet .
step types "$bin/mypy" --no-error-summary
step imports "$bin/lint-imports" --no-logo
exit "$status"
