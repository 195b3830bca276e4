"""Verbs of rows held back: list, explain, export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from typer.core import TyperGroup

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.files import free, write_atomically
from valuekit.cli.screen import emit, say, table
from valuekit.errors import Finding, StoreError, WorkspaceError
from valuekit.freshness import failures
from valuekit.quarantine.export import to_file
from valuekit.quarantine.limits import in_words, limit, part
from valuekit.quarantine.nights import refusal
from valuekit.quarantine.rules import RULES, Rule, named
from valuekit.quarantine.rules import rule as told
from valuekit.quarantine.summary import Balance, Credit, HeldBack, credited
from valuekit.text import count, plural

_SHOWN = 5  # examples of a rule in the terminal
STATES = {"counted": "counted", "warning": "! warning", "failed": "✕ above limit"}


class _WithList(TyperGroup):
    """``quarantine`` and ``quarantine MODEL`` list; the other words are verbs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  typer's private class
        """Put ``list`` before anything that is no verb of ours."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


quarantine = typer.Typer(
    name="quarantine",
    cls=_WithList,
    help="Rows that were held back: how many, why, examples.",
    rich_markup_mode=None,
)
app.add_typer(quarantine)

ModelOption = Annotated[str | None, typer.Argument(help="A model; default all.")]


@quarantine.command("list")
def list_(
    model: ModelOption = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """What became of the source rows, and the rules that held some back (the default)."""
    held = Workspace.load(workspace)
    run, rules, sums = held.last_run(), held.quarantine(model), held.intake(model)
    outcomes = held.credit(model)
    if as_json:
        emit(
            {
                "schema": 1,
                "run": run.id,
                "finished": (run.finished or run.started).isoformat(),
                "rules": TypeAdapter(tuple[HeldBack, ...]).dump_python(rules, mode="json"),
                "sources": TypeAdapter(tuple[Balance, ...]).dump_python(sums, mode="json"),
                "outcomes": TypeAdapter(tuple[Credit, ...]).dump_python(outcomes, mode="json"),
            }
        )
        return
    _print_sums(sums)
    for one in outcomes:
        say(f"{one.model}: {credited(one)}")
    names = [model] if model else list(held.loaded.workspace.models)
    for text in failures(names, held.ages(), datetime.now(UTC)):
        say(text, "yellow")
    if not rules:
        say(f"No row is held back (run {run.id}).")
        return
    _print_rules(rules)
    say(f"Run {run.id}. What a rule means: valuekit quarantine explain RULE")


def _print_sums(sums: Sequence[Balance]) -> None:
    words = ("Read", "Used", "Held back", "Repeated", "Outside window")
    table(
        "Source rows",
        [("Model", "left"), ("Source", "left"), *((word, "right") for word in words)],
        (
            (
                one.model,
                one.source,
                *(
                    count(n)
                    for n in (
                        one.read,
                        one.accepted,
                        one.quarantined,
                        one.deduplicated,
                        one.out_of_window,
                    )
                ),
            )
            for one in sums
        ),
    )


def _print_rules(rules: Sequence[HeldBack]) -> None:
    columns = (
        *(("Model", "left"), ("Source", "left"), ("Rule", "left"), ("Rows", "right")),
        *(("Share", "right"), ("Days", "left"), ("State", "left"), ("Example", "left")),
    )
    table("Held back", columns, (_line(one) for one in rules))


def _line(one: HeldBack) -> tuple[str, ...]:
    first = next(iter(one.examples), None)
    example = in_words(first.reference, first.column, first.value) if first else "–"
    if first and first.where not in {"", first.reference}:  # a broken line is named by its place
        example += f" in {first.where}"
    return (
        *(one.model, one.source, named(one.rule), count(one.rows), part(one.rows, one.read)),
        *(_days(one), STATES[one.state], example),
    )


def _days(one: HeldBack) -> str:
    if one.first is None:
        return "no day"
    return f"{one.first}" if one.first == one.last else f"{one.first} to {one.last}"


@quarantine.command()
def explain(
    words: Annotated[
        list[str], typer.Argument(metavar="[MODEL] RULE", help="The rule to explain.")
    ],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """What a rule means, why it holds rows back, what to do, and its newest rows."""
    *models, name = words
    if len(models) > 1:
        raise _unknown(" ".join(words))
    rule = told(name)
    found = _met(workspace, models[0] if models else None, name)
    if name not in RULES and not found:
        raise _unknown(name)
    if as_json:
        told_rule = TypeAdapter(Rule).dump_python(rule, mode="json")
        met = [TypeAdapter(HeldBack).dump_python(one, mode="json") for one, *_ in found]
        emit({"schema": 1, "rule": told_rule, "rules": met})
        return
    _print_rule(rule)
    for one, *said in found:
        _print_examples(one, " ".join(filter(None, said)))
    if not found and workspace.exists():
        say("The last runs met no such row. Corrected ones: valuekit quarantine export --past")


def _met(path: Path, model: str | None, rule: str) -> list[tuple[HeldBack, str, str]]:
    """Where the last runs met a rule, and when it refuses one, over all days and for one.

    Words need no run: without one there is nothing to add.
    """
    if model is None and not path.exists():
        return []
    held = Workspace.load(path)
    if model is not None:
        held.known(model)
    try:
        found = [one for one in held.quarantine(model) if one.rule == rule]
    except StoreError as error:
        if any(one.code != "not_refreshed" for one in error.findings):
            raise
        return []
    declared = held.loaded.workspace
    made = []
    for one in found:
        of_day, of_all = refusal(declared, one.model, rule), limit(declared, one.model, rule)
        told_all = "" if of_day and of_all.unlimited else of_all.refusal
        made.append((one, told_all, of_day))
    return made


def _unknown(name: str) -> WorkspaceError:
    return WorkspaceError(
        Finding(
            place="quarantine explain",
            value=name,
            rule="no rule has this name, and no row is held back by it",
            remedy=f"Rules are: {', '.join(RULES)}.",
            code="unknown_rule",
        )
    )


def _print_rule(rule: Rule) -> None:
    say(f"{rule.title} ({rule.name})", "bold")
    fates = {"quarantined": "Held back", "deduplicated": "Counted once", "accepted": "Used"}
    say(f"{fates.get(rule.fate, 'Not used')}: {rule.meaning}.")
    say(f"Why: {rule.why}")
    say(f"What to do: {rule.remedy}")


def _print_examples(one: HeldBack, refused: str) -> None:
    say("")
    say(
        f"{one.model}, {one.source}: {count(one.rows)} of {plural(one.read, 'row')} "
        f"({part(one.rows, one.read)}), {_days(one)}. {refused}",
        "bold",
    )
    table(
        "",
        [(one, "left") for one in ("Row", "Time (UTC)", "Column", "Value", "File")],
        (
            (
                *(row.reference, f"{row.at:%Y-%m-%d %H:%M:%S}" if row.at else "–"),
                *(row.column, row.value, row.where or "–"),
            )
            for row in one.examples[:_SHOWN]
        ),
    )
    if len(one.examples) > _SHOWN:
        say(f"{len(one.examples) - _SHOWN} more: valuekit quarantine export {one.model}")


@quarantine.command()
def export(
    model: ModelOption = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV file to write.")] = Path(
        "quarantine.csv"
    ),
    past: Annotated[
        bool, typer.Option("--past", help="Also rows that the last runs no longer met.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Write the examples of rows held back to a CSV file, safe to open in a spreadsheet."""
    held = Workspace.load(workspace)
    path = free(out / "quarantine.csv" if out.is_dir() else out, force=force)
    rows = held.held_rows(model, past=past)
    data = to_file(rows)
    write_atomically(path, data)
    say(f"Wrote {path} ({plural(len(rows), 'row')}, {len(data):,} bytes).")
