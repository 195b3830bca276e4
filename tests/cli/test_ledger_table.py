"""Facts on the screen: whole words in every cell, however many columns a fact has."""

from __future__ import annotations

from rich.console import Console

from valuekit.cli import ledger_table, screen
from valuekit.cli.ledger_table import print_ledger


def shown(monkeypatch, capsys, rows, width=100):
    made = Console(width=width, highlight=False, soft_wrap=False)
    monkeypatch.setattr(screen, "OUT", made)
    monkeypatch.setattr(ledger_table, "OUT", made)
    with made.capture() as held:
        print_ledger({"model": "m", "day": "2026-01-05", "facts": {"effect": rows}})
    return held.get()


def test_a_narrow_fact_is_a_row_an_entry(monkeypatch, capsys):
    text = shown(monkeypatch, capsys, [{"arm": "control", "n": 8}, {"arm": "treated", "n": 64}])
    assert [line.split() for line in text.splitlines() if "control" in line] == [
        ["│", "control", "│", "8", "│"]
    ]


def test_a_wide_fact_is_turned_and_no_cell_is_folded(monkeypatch, capsys):
    rows = [
        {"arm": f"arm {place}", **{f"mean_{number:02}": number + place / 7 for number in range(29)}}
        for place in range(23)
    ]
    text = shown(monkeypatch, capsys, rows)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 100
    for place in range(23):
        assert f"arm {place} " in text
        assert f"{28 + place / 7:,.6g}" in text
    cells = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert set(cells) == set(rows[0])


def test_a_vector_is_summed_up(monkeypatch, capsys):
    text = shown(monkeypatch, capsys, [{"arm": None, "bins": [1.0, 2.5]}])
    assert "2 values, sum 3.5" in text
