"""Models of every kind over the lake: what joins what, how, and by which time."""

from __future__ import annotations

HOLDOUT = """
[models.m.metrics.spend]
column = "x"
already_money = true
[[models.m.evidence]]
design = "holdout"
control = "control"
"""
ASSIGNED = """
[models.m.assignments]
table = "a"
unit = "unit"
arm = "arm"
time = "at"
"""
PANEL = """
[models.m.panel]
table = "g"
time = "when"
group = "group"
treated_from = "treated_from"
[models.m.metrics.sales]
column = "x"
already_money = true
[[models.m.evidence]]
design = "diff_in_diff"
metric = "sales"
"""


def model(task: str, predictions: str, outcomes: str, more: str = "", time: str = "at") -> str:
    """A model over the tables of the lake.

    Args:
        task: What it does.
        predictions: Further keys of its predictions.
        outcomes: Further keys of its outcomes.
        more: Further tables.
        time: Column with the time of a prediction.
    """
    return f"""
[models.m]
title = "m"
owner = "a@example.com"
task = "{task}"
[models.m.predictions]
table = "p"
id = "id"
time = "{time}"
{predictions}
[models.m.outcomes]
table = "o"
{outcomes}
{more}
"""


SCORED = 'score = "score"\nacted = "acted"'
IN_ARMS = 'unit = "unit"\narm = "arm"'
BY_ID = 'on = { id = "pid" }\ntime = "when"\nwindow = "5d"\nlabel = "y"'
BY_UNIT = 'on = { unit = "unit" }\ntime = "when"'
SERIES = 'predicted = "score"\ntarget_time = "target"\nseries = "series"'
ACTUALS = 'on = { series = "series", target = "when" }\nlabel = "x"'

MODELS = {
    "label": model("classification", f'{SCORED}\nversion = "v"\nsegments = ["seg"]', BY_ID),
    "units": model(
        "classification",
        f"{SCORED}\n{IN_ARMS}",
        f'{BY_UNIT}\nwindow = "4d"\npick = "sum"',
        HOLDOUT,
    ),
    # units through their predictions
    "through": model(
        "ranking",
        IN_ARMS,
        'on = { key = "key" }\ntime = "when"\nwindow = "3d"\ncredit = "split"\npick = "first"',
        HOLDOUT,
    ),
    "credit": model(
        "regression",
        'predicted = "score"',
        f'{BY_UNIT}\nwindow = "9d"\ncredit = "first"\npick = "first"\nlabel = "x"',
    ),
    "last": model(
        "regression",
        'predicted = "score"\nversion = "v"',
        f'{BY_UNIT}\nid = "oid"\nwindow = "9d"\ncredit = "last"\npick = "last"\nlabel = "x"',
    ),
    # units through two keys at once, credited to the last
    "composite": model(
        "classification",
        f"{SCORED}\n{IN_ARMS}",
        'on = { key = "key", series = "series" }\ntime = "when"\nwindow = "6d"\n'
        'credit = "last"\npick = "sum"\nlabel = "y"',
        HOLDOUT,
    ),
    # empty cells are not known; a row without any is held back
    "unknown": model(
        "ranking",
        IN_ARMS,
        f'{BY_UNIT}\nwindow = "6d"\npick = "sum"\nabsent = "unknown"',
        """
[models.m.metrics.spend]
column = "some"
primary = true
already_money = true
[models.m.metrics.stars]
column = "rare"
[[models.m.evidence]]
design = "holdout"
control = "control"
""",
    ),
    # repeat customers
    "repeat": model(
        "classification",
        'unit = "unit"\nscore = "score"',
        f'{BY_UNIT}\nwindow = "4d"\npick = "sum"',
        f"{ASSIGNED}{HOLDOUT}repeat = true\n",
    ),
    # neither side knows the time of day
    "dates": model(
        "classification",
        f"{SCORED}\n{IN_ARMS}",
        'on = { unit = "unit" }\ntime = "date"\nwindow = "4d"\npick = "last"\nlabel = "y"',
        HOLDOUT,
        time="date",
    ),
    # outcomes know only their day
    "day": model(
        "regression",
        'predicted = "score"\nsegments = ["seg"]',
        'on = { key = "key" }\ntime = "date"\nwindow = "3d"\nlabel = "x"',
    ),
    "panel": model("classification", SCORED, BY_ID, PANEL),
    "zones": model(
        "classification",
        f"{SCORED}\n{IN_ARMS}",
        f'{BY_UNIT}\nwindow = "2d"\nlabel = "y"',
        HOLDOUT,
    ),
    "forecast": model("forecast", SERIES, ACTUALS),
    "weeks": model(
        "forecast",
        f'{SERIES}\nfrequency = "week"\nseason = 4\nsegments = ["seg"]\n'
        'version = "v"\nbaselines = { human = "other" }\nquantiles = { "0.9" = "high" }',
        ACTUALS,
    ),
}
# Zone of the workspace, zone of times without one, and zone that times of outcomes are written in.
ZONES = {"zones": ("America/Sao_Paulo", "Europe/Berlin", "Asia/Kathmandu")}
