"""The whole schema: series, facts, vectors, runs, what people decided and exported.

Literal on purpose: a migration says what was, whatever the code becomes later.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Keys and scalars of every fact table, after series_id, day and line.
_FACTS: dict[str, str] = {
    "volume": (
        "predictions:int acted:int labelled:int scored:int weight:float value:float "
        "outcome_value:float latency_n:int mean_latency:float c_latency:float"
    ),
    "usage": "provider_model:text token:text tier:text quantity:int attempts:int",
    "effect": (
        "metric:text arm:text epoch:text stratum:text units:int n:int matched:int acted:int "
        "crossed:int mean_y:float mean_d:float mean_x:float mean_e:float c_yy:float "
        "c_yd:float c_yx:float c_ye:float c_dd:float c_dx:float c_de:float c_xx:float "
        "c_xe:float c_ee:float m3_y:float mean_z:float c_zz:float nonzero:int"
    ),
    "flow": "metric:text arm:text epoch:text layout:text",
    "panel": (
        "metric:text group:text treated_from:text block:int n:int mean_y:float c_yy:float "
        "offset:float"
    ),
    "score": "arm:text acted:text label:text layout:text total:int brier:float log_loss:float",
    "confusion": "arm:text predicted:text label:text n:int sum_v:float",
    "error": (
        "horizon:int level:text forecaster:text layout:text n:int sum_e:float sum_abs:float "
        "sum_sq:float sum_y:float sum_abs_y:float sum_f:float mean_y:float c_yy:float "
        "sum_ape:float zeros:int sum_sape:float scaled_n:int sum_scaled:float "
        "sum_scaled_sq:float over:float under:float cross_abs:float cross_sq:float"
    ),
    "maturity": "metric:text arm:text basis:text layout:text entries:int",
    "feature": "feature:text label:text layout:text missing:int",
    "overlap": "claimants:text n:int first:micros last:micros split:micros",
    "cost": "category:text basis:text amount:micros costed:int",
    "bill": (
        "invoice:text charge_category:text charge_class:text allocated_to:text currency:text "
        "effective:micros billed:micros native:micros rate:digits rate_day:day"
    ),
    "intake": "source:text rule:text fate:text rows:int value:float",
}

_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.String(),
    "int": sa.BigInteger(),
    "float": sa.Double(),
    "day": sa.Date(),
    "micros": sa.BigInteger(),  # millionths of a currency unit
    "digits": sa.String(),  # a Decimal, digit by digit
}

_APPEND_ONLY = ("decisions", "registrations")
_TABLES = ("reports", "decisions", "registrations", "scorecards", "queries", "run_models", "runs")


def upgrade() -> None:
    """Create everything."""
    _facts()
    _runs()
    _findings()
    _history()
    for table in _APPEND_ONLY:
        _guard(table)


def downgrade() -> None:
    """Drop everything."""
    for table in (*_TABLES, "vectors", *(f"fact_{name}" for name in _FACTS), "series"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION valuekit_append_only()")


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _real(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Double(), nullable=False)


def _run(*, key: bool = False) -> sa.Column[object]:
    return sa.Column("run", sa.Integer(), sa.ForeignKey("runs.id"), primary_key=key, nullable=False)


def _place() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("series_id", sa.Integer(), sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
    )


def _facts() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(_text(name) for name in ("model", "version", "segment")),
        sa.UniqueConstraint("model", "version", "segment", name="uq_series"),
    )
    for name, columns in _FACTS.items():
        split = (column.split(":") for column in columns.split())
        op.create_table(
            f"fact_{name}",
            *_place(),
            *(sa.Column(column, _TYPES[kind], nullable=False) for column, kind in split),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "vectors",
        sa.Column("fact", sa.String(), primary_key=True),
        *_place(),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("kind"),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("finished", sa.DateTime()),
        _text("status"),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        _text("workspace_hash"),
        _text("valuekit_version"),
        _real("seconds"),
        _whole("rows_read"),
        _whole("fact_rows"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('running', 'ok', 'failed')", name="ck_runs_status"),
    )


def _findings() -> None:
    op.create_table(
        "run_models",
        _run(key=True),
        sa.Column("model", sa.String(), primary_key=True),
        *(sa.Column(name, sa.Date()) for name in ("first", "last", "complete_through")),
        _whole("rows"),
        _real("seconds"),
        sa.Column("findings", sa.JSON(), nullable=False),
    )
    op.create_table(
        "queries",
        _run(key=True),
        sa.Column("model", sa.String(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        _text("name"),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        _whole("rows"),
        _real("seconds"),
    )
    op.create_table(
        "scorecards",
        _run(key=True),
        sa.Column("model", sa.String(), primary_key=True),
        sa.Column("card", sa.LargeBinary(), nullable=False),
    )


def _history() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Integer(), primary_key=True),
        _run(),
        *(_text(name) for name in ("model", "kind", "name")),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), primary_key=True),
        _run(),
        *(_text(name) for name in ("model", "action")),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("person"),
        sa.Column("at", sa.DateTime(), nullable=False),
        _text("verdict"),
        sa.Column("net", sa.Double()),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), primary_key=True),
        _run(),
        *(_text(name) for name in ("name", "kind", "format")),
        sa.Column("at", sa.DateTime(), nullable=False),
        _text("sha256"),
        _whole("size"),
    )
    for table in _APPEND_ONLY:
        op.create_index(f"ix_{table}_model", table, ["model"])


def _guard(table: str) -> None:
    """Triggers that refuse UPDATE and DELETE, whoever sends them."""
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgres(table)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        )


def _guard_postgres(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION valuekit_append_only() RETURNS trigger AS $$ "
        "BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION valuekit_append_only()"
    )
