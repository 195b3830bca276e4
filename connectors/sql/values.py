"""Values of declared columns by what the column holds: numbers, truth, class names, blanks."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connectors import dialects
from connectors.base import ColumnType
from connectors.sql.work import Expression

LONGEST = 1_000  # characters of an id; longer ones are documents in the wrong column
LARGEST = 1e15  # beyond it a double no longer holds cents, and sums of cubes overflow

# Signs without ink: spaces of all kinds, tabs, line ends, zero-width signs.
UNSEEN = (
    " \t\n\r\v\f\x7f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)

# Texts that mean "no"; every other text means "yes", so that names of actions count as acted on.
FALSE = ("", "0", "false", "f", "no", "n", "none", "null")
TRUE = ("1", "true", "t", "yes", "y")


def flag(condition: sa.ColumnElement[bool]) -> Expression:
    """1 where a condition holds, else 0 (also where it is unknown)."""
    return sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0"))


def number(value: Expression, kind: ColumnType) -> Expression:
    """A number as a double; true and false as 1 and 0; text that is no number as NULL."""
    if kind == "bool":
        return sa.case((value, 1.0), (sa.not_(value), 0.0))
    return dialects.safe_double(value) if kind == "text" else dialects.to_double(value)


def truth(value: Expression, kind: ColumnType) -> Expression:
    """1 for true, 0 for false, NULL for unknown, by the type of the column."""
    if kind == "bool":
        return sa.case((value, 1), (sa.not_(value), 0))
    if kind == "text":
        folded = sa.func.lower(sa.func.trim(value))
        return sa.case((value.is_(None), sa.null()), (folded.in_(FALSE), 0), else_=1)
    return sa.case((value.is_(None), sa.null()), (value == 0, 0), else_=1)


def text(value: Expression, kind: ColumnType) -> Expression:
    """A value as text, the same on every engine; NULL stays NULL."""
    if kind == "bool":
        return sa.case((value, "true"), (sa.not_(value), "false"))
    return value if kind == "text" else dialects.to_text(value)


def class_name(value: Expression, kind: ColumnType, positive: str | None) -> Expression:
    """Name of a class: ``1`` and ``0`` for true and false, numbers and a declared positive."""
    if positive is not None:
        return sa.case(
            (value.is_(None), sa.null()), (text(value, kind) == positive, "1"), else_="0"
        )
    if kind == "bool":
        return sa.case((value, "1"), (sa.not_(value), "0"))
    if kind in {"float", "decimal"}:
        return sa.case(
            (value == 1, "1"), (value == 0, "0"), else_=dialects.to_text(dialects.to_double(value))
        )
    return text(value, kind)


def class_number(value: Expression, kind: ColumnType, positive: str | None) -> Expression:
    """1.0 for the positive class and 0.0 for others; numbers as they are."""
    if positive is not None:
        return sa.case(
            (value.is_(None), sa.null()), (text(value, kind) == positive, 1.0), else_=0.0
        )
    return number(value, kind)


def blank(value: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a key is missing: NULL, or text of nothing but spaces.

    A space or tab sorts before every sign that is seen, and others of their kind after all of
    ASCII, so hardly a row has to be trimmed for it.
    """
    missing = value.is_(None)
    if kind != "text":
        return missing
    odd = sa.or_(value < "!", value >= "\x7f")
    return sa.or_(missing, sa.and_(odd, sa.func.trim(value, UNSEEN) == ""))


def filled_text(value: Expression, kind: ColumnType) -> Expression:
    """A value as text; the empty text where it is missing or nothing but spaces."""
    return sa.case((blank(value, kind), ""), else_=text(value, kind))


def too_long(value: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether an id has more characters than any id needs."""
    return sa.func.length(value) > LONGEST if kind == "text" else sa.false()


def unusable(value: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a number is NaN, infinite or beyond all measure, or a text is none; NULL is not."""
    made = number(value, kind)
    if kind == "bool":
        return sa.false()
    large = sa.func.abs(made) >= sa.literal_column(str(LARGEST))
    if kind in {"int", "decimal"}:
        return sa.and_(made.is_not(None), large)
    broken = sa.and_(made.is_not(None), sa.or_(sa.not_(dialects.is_finite(made)), large))
    if kind == "text":
        return sa.or_(broken, sa.and_(value.is_not(None), made.is_(None)))
    return broken


def countable(value: Expression) -> Expression:
    """A double that may be added up; 0 where it is missing, NaN, infinite or beyond measure."""
    small = sa.func.abs(value) < sa.literal_column(str(LARGEST))
    usable = sa.and_(value.is_not(None), dialects.is_finite(value), small)
    return sa.case((usable, value), else_=sa.literal_column("0.0"))


def any_of(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    """Whether one of some conditions holds; false for none."""
    return sa.or_(*conditions) if conditions else sa.false()


def total(value: Expression) -> Expression:
    """Sum, 0 for no rows."""
    return sa.func.coalesce(sa.func.sum(value), 0)


def zero(value: Expression) -> Expression:
    """A number with NULL as 0."""
    return sa.func.coalesce(value, sa.literal_column("0.0"))
