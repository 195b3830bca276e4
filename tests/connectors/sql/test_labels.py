"""Text labels at refresh: what would silently make every label unknown or negative is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuekit.errors import SourceError

N = 200
START = pd.Timestamp("2026-01-01", tz="UTC")


def tables(labels):
    at = START + pd.to_timedelta(np.arange(N), unit="h")
    p = pd.DataFrame({"id": range(N), "t": at, "p": np.linspace(0, 1, N)})
    o = pd.DataFrame({"id": range(N), "t": at + pd.Timedelta(days=1), "won": labels})
    return {"p": p, "o": o}


def model(**outcomes):
    base = {"table": "o", "on": {"id": "id"}, "time": "t", "window": "5d", "label": "won"}
    return {
        "title": "Leads",
        "owner": "team@example.com",
        "task": "classification",
        "predictions": {"table": "p", "id": "id", "time": "t", "score": "p"},
        "outcomes": base | outcomes,
    }


YES_NO = np.where(np.arange(N) % 4, "no", "yes")


def test_a_run_refuses_text_labels_without_a_positive_one(pulled):
    with pytest.raises(SourceError, match="nothing says which value the score predicts") as caught:
        pulled(tables(YES_NO), model())
    (finding,) = caught.value.findings
    assert (finding.code, finding.value) == ("text_label", "'no', 'yes'")


def test_a_misspelt_positive_would_make_every_label_negative_and_is_refused(pulled):
    with pytest.raises(SourceError, match="Did you mean 'yes'"):
        pulled(tables(YES_NO), model(positive="Yes"))


def test_a_rare_event_that_has_not_occurred_yet_is_a_warning(pulled):
    found = pulled(tables(["legitimate"] * N), model(positive="fraud"))
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("unknown_positive", "warning")
    assert found.facts["volume"]["labelled"].sum() == N
    assert found.facts["volume"]["outcome_value"].sum() == 0


@pytest.mark.parametrize("labels", [YES_NO == "yes", (YES_NO == "yes").astype(int).astype(str)])
def test_labels_that_can_be_read_say_nothing(pulled, labels):
    found = pulled(tables(labels), model())
    assert found.findings == ()
    assert found.facts["volume"]["outcome_value"].sum() == N // 4
