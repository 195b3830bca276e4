"""The terminal's door: ``valuekit VERB``. Exit codes: 0 fine, 1 data or run failed, 2 usage."""

from __future__ import annotations

import sys

from valuekit.cli.app import app
from valuekit.cli.screen import complain
from valuekit.errors import ValuekitError


def main() -> None:
    """Run the command line; every expected failure is a few clear lines and exit code 1."""
    # Importing registers the verbs with the application.
    from valuekit.cli import copies, holdout, read, run, setup  # noqa: F401 (registers the verbs)

    try:
        app()
    except ValuekitError as error:
        complain(error.findings)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the last good run is untouched\n")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe left (valuekit show | head): not our failure.
        sys.stderr.close()
        sys.exit(0)
