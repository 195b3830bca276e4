#!/bin/sh
# Fails with one line unless PORT is a free port on this machine: port.sh PORT.
set -u
cd "$(dirname "$0")/.." || exit 1
exec .venv/bin/python - "$1" <<'PYTHON'
import socket
import sys

text = sys.argv[1]
if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
    sys.exit(f"valuekit: PORT={text} is no port number: give one from 1 to 65535.")
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(text)))
    except PermissionError:
        sys.exit(f"valuekit: port {text} needs more rights: choose one above 1023 with PORT=8502.")
    except OSError:
        sys.exit(f"valuekit: port {text} is taken: choose another one, for example PORT={8502 if text != '8502' else 8503}.")
PYTHON
