"""A PostgreSQL connection that does not wait for ever, whatever stands between it and the server.

A server that computes for too long ends the statement itself. A server that says nothing may be
dead, unplugged, or behind a proxy that takes every byte and passes none on. Behind such a proxy
TCP's keep-alive and user timeout never fire, for the proxy's own machine answers them: only a
deadline of the client's own does.
"""

# ruff: noqa: ANN401 (the driver is optional: its types are not known here)

from __future__ import annotations

from collections.abc import Callable, Generator
from time import monotonic
from typing import Any

import sqlalchemy as sa

CONNECT_SECONDS = 10  # to connect, and to be told whether an idle connection still works
READ_SECONDS = 60  # silence that a page accepts
WRITE_SECONDS = 300  # silence that a run accepts, and the longest statement the server may take
_SLACK = 10  # the server's own limit comes first: its message says more

# Noticed by the server when the client's machine dies: its locks are free within a minute.
_SETTINGS = {
    "tcp_keepalives_idle": 30,
    "tcp_keepalives_interval": 10,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

Opener = Callable[..., Any]
Waits = Generator[Any, Any, Any]  # of the driver: yields what it waits for, is sent what came


def patient(engine: sa.Engine) -> None:
    """Give every connection of an engine a deadline, and the server the matching settings."""
    opener = _opener()

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, words: Any, names: Any) -> Any:
        return opener(*words, **names)

    @sa.event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: object) -> None:
        settings = {**_SETTINGS, "statement_timeout": WRITE_SECONDS * 1000}
        with raw.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = {value}" for name, value in settings.items()))
        raw.commit()

    @sa.event.listens_for(engine, "begin")
    def _began(connection: sa.Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        seconds = WRITE_SECONDS + _SLACK if options.get("valuekit_write") else READ_SECONDS
        _raw(connection).patience = seconds

    @sa.event.listens_for(engine, "checkin")
    def _returned(raw: Any, _record: object) -> None:
        if raw is not None:
            raw.patience = CONNECT_SECONDS


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def _opener() -> Opener:
    """What opens a connection with a deadline; the driver is optional, so it is found here."""
    import psycopg

    class Patient(psycopg.Connection[Any]):
        """Every wait of the driver goes through ``wait``: silence beyond ``patience`` ends it."""

        patience: float = CONNECT_SECONDS

        def wait(self, gen: Any, *args: Any, **names: Any) -> Any:
            return super().wait(self._watched(gen), *args, **names)

        def _watched(self, gen: Waits) -> Waits:
            try:
                asked, heard = next(gen), monotonic()
                while True:
                    ready = yield asked
                    if ready:  # something was sent or received
                        heard = monotonic()
                    elif monotonic() - heard > self.patience:
                        self.pgconn.finish()  # not close(): that would say goodbye, and wait
                        raise psycopg.OperationalError(
                            f"no answer from the database within {self.patience:g} s"
                        )
                    asked = gen.send(ready)
            except StopIteration as done:
                return done.value

    return Patient.connect
