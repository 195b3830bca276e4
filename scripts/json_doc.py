"""Write docs/json.md from the dataclasses behind ``--json``: ``python scripts/json_doc.py``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from types import ModuleType

from valuekit import (
    estimate,
    freshness,
    holdouts,
    joint,
    left_out,
    planning,
    portfolio,
    scorecard,
)
from valuekit.quarantine import rules, summary

TARGET = Path(__file__).parent.parent / "docs" / "json.md"

HEAD = """# The JSON of `--json`

`valuekit show --json`, `valuekit show MODEL --json`, `valuekit ledger MODEL DAY --json`,
`valuekit refresh --json`, `valuekit runs --json`, `valuekit check --json` and
`valuekit doctor --json` write one JSON object to standard output. Keys keep their names and
meanings within one `schema` number; new keys may be added, so readers ignore what they don't know.
Dates are `YYYY-MM-DD`, moments ISO 8601 with a zone, cost amounts decimal text with six places (so
that nothing is lost), other numbers JSON numbers. Unknown is `null` with a `reason` beside it,
never 0. NaN and infinity never occur.

| command | keys at the top |
|---|---|
| `show` | `schema` (1), `workspace`, `run`, `finished` (the last good run), and |
| | `freshness` (Freshness), `warnings` (sentences: of runs, and of each model's data), |
| | `portfolio` (Portfolio), `models` (Scorecard by name), |
| | `made` (by name: `run` and `finished` of the run that made the model's figures), |
| | `reads` (by name, as below without `queries`) |
| `show MODEL` | `schema`, `workspace`, `run`, `finished` (its own), `freshness`, `warnings`, |
| | `scorecard` (Scorecard), `reads`: the run that last read the sources, then the last whole pull |
| any that fails | `schema`, `ok` (false), `run`, `findings`: see below |
| `refresh` | `schema`, `ok` (true), `run`, `models` (names), `rows_read`, `fact_rows`, `seconds`, |
| | `scopes` (model: what was computed, why), `restated_days`, `warnings` (sentences), |
| | `findings` (the same warnings by parts) |
| `refresh --dry-run` | `schema`, `models`: by name `scope` (all, days or none), `why` (in words), |
| | `changed` (by table: `source`, `table`, `days`, `first`, `last`), `earlier` (tables that end |
| | earlier than at the last run: `source`, `was`, `now`), `days`, `ranges`, |
| | `rows`, `bytes` |
| `restatements` | `schema`, `restatements`: `run`, `at` (when it ended), `model`, |
| | `fact`, `day`, `before`, `after` |
| `runs` | `schema`, `runs`: newest first, keys below |
| `check` | `schema`, `ok`, `findings` (of the file), `models`: per model `findings`, |
| | `tables`, `join`, `store_bytes`; of a file that is refused the `findings` alone |
| `doctor` | `schema`, `ok`, `points`: `what`, `state` (ok, warning, failed), `finding`, `remedy` |
| `holdout plan` | `schema`, `plan` (HoldoutPlan) |
| `holdout register` | `schema`, `registration`, `toml` (lines to paste), `log` (column to log) |
| `holdout assign` | `schema`, `model`, `salt`, `shares`, `sql`, `arms` (unit: arm) |
| `holdout check` | `schema`, `passed`, `salt`, `arms`, `checks` (two diagnostics) |
| `holdout status` | `schema`, `holdouts` (list of HoldoutStatus) |
| `quarantine [MODEL]` | `schema`, `run`, `finished`, `rules` (HeldBack), `sources` (Balance), |
| | `outcomes` (Credit) |
| `quarantine explain RULE` | `schema`, `rule` (Rule), `rules` (list of HeldBack, all models) |
| `ledger MODEL DAY` | `schema`, `model`, `day`, `facts` (null: unknown), `by_month` |

A finding has `severity`, `code`, `place`, `value`, `rule`, `remedy` and `rows`.

Standard output is one JSON document whatever happens: a mistake in the file, a source that cannot
be read, too many rows held back, a store that is locked, wrong usage (`code` is `usage`), Ctrl-C
(`stopped`). The exit code is the same as without `--json`, and the findings are on standard error
for people as well. `run` is the run that failed, or that was stored before the command was stopped
(then the `rule` says so); null when none had begun. A stop that comes when the result is written
already adds none: the exit code and standard error tell it. `check` and `doctor` keep their own
shape: what they find wrong is their answer.

```json
{
  "schema": 1,
  "ok": false,
  "run": 12,
  "findings": [
    {
      "severity": "error",
      "code": "missing_column",
      "place": "valuekit.toml:22 models.churn.predictions.score",
      "value": "p_chur",
      "rule": "the table has no such column",
      "remedy": "Did you mean 'p_churn'? Write the name exactly as in the table.",
      "rows": null
    }
  ]
}
```

A run has `run` (its number), `kind` (refresh, register), `status` (running, ok, failed,
interrupted: running without a process), `started`,
`finished`, `seconds`, `rows_read`, `fact_rows`, `days_replaced`, `store_bytes`, `complete`, `cause`
(the code of what stopped it), `message` (the same in words), `holder` (process and machine) and
`version`.

A read has `run`, `model`, `at` (when it finished), `kind` (last whole pull, last run of some
days), `whole`, `scope` (what was computed, why), `days`, `rows`, `seconds`, `after` (runs of some
days after it) and `queries`: its statements with `name`, `sql`, `parameters`, `rows`, `seconds`;
empty when given up.
"""


def page() -> str:
    """The whole page: head, then every dataclass with its keys."""
    parts = [HEAD]
    for module, title in (
        (estimate, "Estimates"),
        (scorecard, "Scorecard"),
        (portfolio, "Portfolio"),
        (left_out, "What sums leave out"),
        (freshness, "Freshness"),
        (joint, "Many models together"),
        (holdouts, "Holdouts"),
        (planning, "Planned holdouts"),
        (rules, "Rules that judge rows"),
        (summary, "Rows held back"),
    ):
        parts.append(f"## {title}\n")
        parts += [_section(one) for one in _classes(module)]
    return "\n".join(parts)


def _classes(module: ModuleType) -> list[type]:
    return [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing)
        and dataclasses.is_dataclass(thing)
        and thing.__module__ == module.__name__
        and not thing.__name__.startswith("_")
    ]


def _section(one: type) -> str:
    source = inspect.getsource(one)
    lines = [f"### {one.__name__}", inspect.cleandoc(one.__doc__ or "").split("\n\n")[0], ""]
    for field in dataclasses.fields(one):
        meaning = _comment(source, field.name) or _attribute(one.__doc__ or "", field.name)
        lines.append(
            f"- `{field.name}` ({_words(str(field.type))}){': ' if meaning else ''}{meaning}"
        )
    return "\n".join([*lines, ""])


def _comment(source: str, name: str) -> str:
    found = re.search(rf"^    {name}: [^#\n]*#\s*(.+)$", source, re.MULTILINE)
    return found[1] if found else ""


def _attribute(doc: str, name: str) -> str:
    found = re.search(
        rf"^\s+{name}: (.+?)(?=\n\s+\w+: |\n\n|\n\s*Raises|\Z)", doc, re.MULTILINE | re.DOTALL
    )
    return " ".join(found[1].split()) if found else ""


def _words(text: str) -> str:
    text = re.sub(r"Literal\[(.*?)\]", lambda m: m[1].replace('"', "`").replace("'", "`"), text)
    text = re.sub(r"tuple\[(.+), \.\.\.\]", r"list of \1", text)
    return text.replace(" | None", " or null").replace("str", "text").replace("bool", "true/false")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
