"""The tables of the value store: one narrow table per fact, packed vectors apart, and history.

Fact tables follow from :data:`valuekit.ledger.schema.FACTS`; ``migrations`` says the same
literally, and a test compares the two.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from valuekit.ledger.schema import FACTS, Column, Fact
from valuekit.store.types import ExactText, Micros, Moment

HEAD = "0010"  # newest revision of the migrations; a test holds the two together
KNOWN = frozenset({"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", HEAD})

metadata = sa.MetaData()

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("segment", sa.String, nullable=False),
    sa.UniqueConstraint("model", "version", "segment", name="uq_series"),
)

# `line` counts the rows of one series and day in the order of their keys: it ties a row to its
# vectors in two bytes, where the keys themselves would be text repeated in both tables.
vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("fact", sa.String, primary_key=True),
    sa.Column("series_id", sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("started", Moment, nullable=False),
    sa.Column("finished", Moment),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("workspace_hash", sa.String, nullable=False),
    sa.Column("valuekit_version", sa.String, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("rows_read", sa.BigInteger, nullable=False),
    sa.Column("fact_rows", sa.BigInteger, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False, server_default="[]"),  # of no single model
    sa.Column("holder", sa.String, nullable=False, server_default=""),  # process and machine
    sa.Column("cause", sa.String, nullable=False, server_default=""),  # code of a failure
    sa.Column("days_replaced", sa.BigInteger),
    sa.Column("store_bytes", sa.BigInteger),
    sa.CheckConstraint("status in ('running', 'ok', 'failed')", name="ck_runs_status"),
)

run_models = sa.Table(
    "run_models",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("first", sa.Date),
    sa.Column("last", sa.Date),
    sa.Column("complete_through", sa.Date),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("scope", sa.String, nullable=False, server_default=""),  # what was computed, why
    sa.Column("replaced", sa.Integer, nullable=False, server_default="0"),  # days
)

# What a run asked of the sources for a model, in order, deflated JSON.
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

scorecards = sa.Table(
    "scorecards",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("card", sa.LargeBinary, nullable=False),  # JSON, deflated
)

# The scorecards that are shown now, added up over each named period and listed, deflated JSON.
overviews = sa.Table(
    "overviews",
    metadata,
    sa.Column("period", sa.String, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

registrations = sa.Table(
    "registrations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("model", sa.String, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("model", sa.String, nullable=False, index=True),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("net", sa.Double),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("format", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
)

# The sources of a model as they were at its last good run, deflated; see valuekit.incremental.
surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

restatements = sa.Table(
    "restatements",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("model", sa.String, nullable=False, index=True),
    sa.Column("fact", sa.String, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),  # that saw it first
    sa.Column("model", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("rule", sa.String, nullable=False),
    sa.Column("row_hash", sa.String, nullable=False),
    sa.Column("table", sa.String, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment),
    sa.Column("day", sa.Date),
    sa.UniqueConstraint("model", "source", "rule", "row_hash", name="uq_quarantine"),
)

# What became of the source rows of all days, as it stood after a run; `examples` are numbers of
# rows in quarantine, `places` where each of them was in its files then.
run_intake = sa.Table(
    "run_intake",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("rule", sa.String, primary_key=True),
    sa.Column("fate", sa.String, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("first", sa.Date),
    sa.Column("last", sa.Date),
    sa.Column("examples", sa.JSON, nullable=False),
    sa.Column("places", sa.JSON, nullable=False, server_default="[]"),
    sa.Index("ix_run_intake_model", "model", "source", "rule"),
)

# Rows of these tables are never changed nor deleted; triggers of the migrations refuse both.
APPEND_ONLY = ("decisions", "registrations", "restatements", "quarantine")


def _type(column: Column) -> sa.types.TypeEngine[Any]:
    if column.dtype == "decimal":
        return Micros() if column.rule == "sum" else ExactText()
    types: dict[str, sa.types.TypeEngine[Any]] = {
        "text": sa.String(),
        "int": sa.BigInteger(),
        "float": sa.Double(),
        "day": sa.Date(),
    }
    return types[column.dtype]


def _fact_table(fact: Fact) -> sa.Table:
    return sa.Table(
        f"fact_{fact.name}",
        metadata,
        sa.Column("series_id", sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        *(sa.Column(one.name, _type(one), nullable=False) for one in (*fact.keys, *fact.scalars)),
        sqlite_with_rowid=False,
    )


# Append-only facts have a table of their own shape, or get one when they are built.
STORED: dict[str, Fact] = {
    name: fact
    for name, fact in FACTS.items()
    if not any(one.rule == "append" for one in fact.measures)
}
fact_tables: dict[str, sa.Table] = {name: _fact_table(fact) for name, fact in STORED.items()}
