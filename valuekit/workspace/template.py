"""The commented workspace file that ``valuekit init`` writes."""

from __future__ import annotations

_TEMPLATE = """\
# A valuekit workspace: which models you run, where their predictions and outcomes lie, and why
# they are worth money. Everything here is an example; change it to your own tables.
# All keys: docs/workspace.md. Check it against the real tables with:  valuekit check

[workspace]
name = "My models"
currency = "EUR"                      # all money in this workspace
timezone = "Europe/Berlin"            # days begin at midnight here
store = "sqlite:///valuekit.db"       # where figures are kept; relative to this file; or
                                      # "postgresql://user@host/database", password in PGPASSWORD
# plan_per_year = 1000000             # what the models together should earn

# Rows that break a rule are left out and counted. How many of them warn, how many refuse a run:
# [workspace.quarantine]
# default = { warn = 0.001, fail = 0.05 }      # share of the rows read of a source
# rules = { orphan = { warn = 0.5, fail = 1.0 } }

[sources.files]
kind = "duckdb"                       # Parquet and CSV files below `path`, read only
path = "data"
timezone = "UTC"                      # of times written without a zone

# One block per model -----------------------------------------------------------------------
[models.churn]
title = "Churn rescue"
owner = "retention@example.com"
area = "Customer care"
task = "classification"               # classification, regression, forecast, ranking, generation
description = "Finds customers about to leave, so that care can call them with an offer."
launched = 2026-01-05

# The prediction log: one row per prediction. Quoted words are names of columns.
[models.churn.predictions]
table = "churn_predictions.parquet"
id = "prediction_id"
time = "scored_at"
unit = "customer_id"                  # who or what was treated; needed for a holdout
score = "p_churn"                     # probability between 0 and 1
threshold = 0.5                       # act at this score or above
acted = "offer_made"
version = "model_version"
segments = ["region", "plan"]         # figures are shown for each of their values

# Who was held back at random. Leave it out when there is no holdout.
[models.churn.assignments]
table = "churn_assignments.parquet"
unit = "customer_id"
arm = "arm"
time = "assigned_at"
covariates = { margin = "margin_prior_90d" }   # known before; makes the interval narrower

# What happened afterwards.
[models.churn.outcomes]
table = "churn_outcomes.parquet"
on = { customer_id = "customer_id" }  # column of predictions or assignments = column of outcomes
time = "observed_at"
window = "90d"                        # outcomes up to this long after are counted
allowance = "7d"                      # and we wait this much longer for late rows
label = "left"                        # what the score predicts, 0 or 1

[models.churn.metrics.margin]
column = "margin"
primary = true
already_money = true                  # the column is money: no assumption needed

# Why the money is due to the model. `holdout` is the strongest: compare with those held back.
[[models.churn.evidence]]
design = "holdout"
control = "control"
allocation = [{ from = 2026-01-05, control = 0.2 }]
registered = 2026-01-02               # written down before the first customer was assigned

# Without a holdout, but with a launch in some regions or on some day, compare outcomes over time
# (before_after, structural, diff_in_diff, staggered, synthetic, synthetic_did, switchback):
# [models.churn.panel]
# table = "daily_margin.parquet"
# time = "day"
# group = "region"
# launch = { north = 2026-01-05 }     # first day with the model; other groups never had it
# [[models.churn.evidence]]
# design = "diff_in_diff"

# Without rows at all, hand in daily tables of sums in place of the tables above, such as one row a
# day and arm (docs/ready-made.md):
# [models.churn.facts]
# effect = { table = "day.csv", columns = { arm = "arm", units = "n", sum_y = "y", sum_yy = "yy" } }

# Or declare what right and wrong decisions are worth (grade D, an assumption):
# [[models.churn.evidence]]
# design = "payoff"
# payoff = { tp = 120, fp = -15, fn = 0, tn = 0 }
# owner = "finance@example.com"
# valid_until = 2026-12-31

[models.churn.costs]
per_prediction = "0.0004"
monthly = [
  { category = "people", amount = "3500", from = 2026-01-01 },
  { category = "infrastructure", amount = "420", from = 2026-01-01 },
]
once = [{ category = "build", amount = "60000", on = 2026-01-05 }]

# Costs shared by all models, split by predictions served (or driver = "even").
[[pools]]
category = "platform"
amount = "2500"
from = 2026-01-01
"""


def template() -> str:
    """Text of a workspace file that loads as it is and explains itself."""
    return _TEMPLATE
