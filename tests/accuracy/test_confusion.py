"""Confusion metrics against scikit-learn, delta intervals against the bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from tests.facts_from_rows import confusion_frame
from valuekit.accuracy import confusion
from valuekit.accuracy.confusion import confusion_table
from valuekit.accuracy.figures import confusion_figures


def predictions(seed: int = 1, n: int = 800, classes: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    predicted = np.where(rng.random(n) < 0.7, label, rng.integers(0, classes, n))
    names = np.array(["0", "1"] if classes == 2 else ["cat", "dog", "owl", "yak"][:classes])
    return pd.DataFrame({"predicted": names[predicted], "label": names[label]})


BINARY = {
    "accuracy": metrics.accuracy_score,
    "precision": lambda y, p: metrics.precision_score(y, p, pos_label="1"),
    "recall": lambda y, p: metrics.recall_score(y, p, pos_label="1"),
    "specificity": lambda y, p: metrics.recall_score(y, p, pos_label="0"),
    "f1": lambda y, p: metrics.f1_score(y, p, pos_label="1"),
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
}
MACRO = {
    "accuracy": metrics.accuracy_score,
    "precision": lambda y, p: metrics.precision_score(y, p, average="macro"),
    "recall": lambda y, p: metrics.recall_score(y, p, average="macro"),
    "f1": lambda y, p: metrics.f1_score(y, p, average="macro"),
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
}


@pytest.mark.parametrize("name", BINARY)
def test_two_classes_equal_scikit_learn(name):
    rows = predictions()
    found = getattr(confusion, name)(confusion_table(confusion_frame(rows)))
    assert found.value == pytest.approx(BINARY[name](rows["label"], rows["predicted"]))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("name", MACRO)
def test_more_classes_equal_scikit_learn(name):
    rows = predictions(classes=4)
    found = getattr(confusion, name)(confusion_table(confusion_frame(rows)))
    assert found.value == pytest.approx(MACRO[name](rows["label"], rows["predicted"]))


def test_macro_specificity_is_one_class_against_the_rest():
    rows = predictions(classes=3)
    found = confusion.specificity(confusion_table(confusion_frame(rows)))
    each = [
        metrics.recall_score(rows["label"] != name, rows["predicted"] != name)
        for name in rows["label"].unique()
    ]
    assert found.value == pytest.approx(np.mean(each))


@pytest.mark.parametrize(("name", "classes"), [("f1", 2), ("mcc", 2), ("f1", 4), ("precision", 4)])
def test_delta_error_equals_the_bootstrap(name, classes):
    rows = predictions(classes=classes)
    table = confusion_table(confusion_frame(rows))
    rng = np.random.default_rng(2)
    draws = rng.multinomial(len(rows), (table.n / table.n.sum()).ravel(), 1500)
    measure = getattr(confusion, name)
    values = [
        measure(
            confusion.Confusion(table.labels, one.reshape(table.n.shape).astype(float), table.n)
        ).value
        for one in draws
    ]
    assert measure(table).se == pytest.approx(np.std(values), rel=0.08)


def test_undefined_is_unknown():
    rows = pd.DataFrame({"predicted": ["0", "0"], "label": ["0", "0"]})
    table = confusion_table(confusion_frame(rows))
    assert "Nothing was predicted positive" in confusion.precision(table).reason
    assert "no positive labels" in confusion.recall(table).reason
    assert not confusion.f1(table).known
    assert not confusion.mcc(table).known
    assert confusion.accuracy(table).value == 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        confusion_figures(table)


def test_unlabelled_rows_do_not_count():
    rows = predictions()
    more = pd.concat([rows, pd.DataFrame({"predicted": ["1"] * 9, "label": [""] * 9})])
    found = confusion_table(confusion_frame(more))
    assert found.rows == len(rows)
    assert found.labels == ("0", "1")
    empty = confusion_table(confusion_frame(rows).iloc[:0])
    assert not confusion.accuracy(empty).known
    assert not confusion.f1(empty).known


def test_perfect_predictions_have_no_delta_interval():
    rows = predictions()
    found = confusion.f1(confusion_table(confusion_frame(rows.assign(predicted=rows["label"]))))
    assert (found.value, found.low) == (1.0, None)
    assert "no variation" in found.reason
