#!/bin/sh
# Serves a workspace's dashboard on this machine: app.sh WORKSPACE PORT.
set -u
[ -r "$1" ] || {
    printf 'valuekit: there is no workspace file %s: give one with WORKSPACE=path/to/valuekit.toml.\n' "$1" >&2
    exit 1
}
sh "$(dirname "$0")/port.sh" "$2" || exit 1
exec "$(dirname "$0")/../.venv/bin/valuekit" app --workspace "$1" --port "$2"
