#!/bin/sh
# Writes both lock files for Python 3.11 to 3.13 on every system, with hashes and without addresses.
# Versions stay as locked unless a range in pyproject.toml asks otherwise; UPGRADE=1 takes the newest.
set -eu
cd "$(dirname "$0")/.."

compile() { # compile OUTPUT TITLE OPTION...
    output=$1
    title=$2
    shift 2
    .venv/bin/uv pip compile pyproject.toml "$@" ${UPGRADE:+--upgrade} \
        --universal --python-version 3.11 --generate-hashes --output-file "$output" \
        --only-binary :all: --no-config --no-emit-index-url --no-emit-find-links --no-header --quiet
    { printf '# %s Made by "make lock"; do not edit.\n' "$title" && grep -v '^# .* Made by' "$output"; } >"$output.new"
    mv "$output.new" "$output"
    printf 'valuekit: %s holds %s packages\n' "$output" "$(grep -c '^[a-z]' "$output")"
}

compile requirements/dev.txt "Everything: the extras, the tests and the tools." --all-extras --group build --group dev
# Same versions as above, so that one environment can grow from the one into the other.
UPGRADE='' compile requirements/runtime.txt "What running valuekit needs." --group build --constraints requirements/dev.txt
