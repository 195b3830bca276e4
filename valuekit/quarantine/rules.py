"""What every rule that judges source rows means, why it holds rows back, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

_WRITE = "Correct the rows where they are written, then refresh."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in words.

    Attributes:
        name: As in the fact ``intake``.
        title: A few words, as a heading.
        meaning: What such a row is like: one sentence that goes on after "the row:".
        why: Why it is not used.
        remedy: What to do.
        fate: What becomes of the row.
    """

    name: str
    title: str
    meaning: str
    why: str
    remedy: str
    fate: str = "quarantined"


_ALL = (
    Rule(
        "bad_cell",
        "Unreadable cell",
        "a cell is not of the kind that its column holds everywhere else",
        "Nine in ten cells of the column are numbers, dates or times and this one is not. Reading "
        "it as something else would guess.",
        "Write the cell like the others: plain digits with a decimal point, ISO dates. Leave it "
        "empty when it is unknown.",
    ),
    Rule(
        "null_id",
        "No id",
        "the id is empty or blank",
        "Without an id a row cannot be told from its copies, so it might be counted twice.",
        "Write an id in every row, or declare a column that has one.",
    ),
    Rule(
        "null_time",
        "No time",
        "the time is empty or cannot be read",
        "A row without a time belongs to no day, no window and no period.",
        "Write a time in every row. Use `date` where one day holds for the whole table.",
    ),
    Rule(
        "time_unit",
        "Time in another age",
        "the time lies before 1971 or after 2199 (a date, a time of a panel or what a forecast is "
        "for: up to 1900-01-01 or after 2199)",
        "A time in a wrong unit, or one that stands for a missing one (1900-01-01, 0001-01-01), "
        "puts the row into a wrong day, window and period.",
        "Convert seconds, milliseconds or microseconds since 1970 to timestamps when exporting; "
        "leave the cell of a missing time empty.",
    ),
    Rule(
        "no_such_time",
        "Time that never was",
        "the clocks of the zone jumped over the time",
        "Either neighbouring hour would be a guess.",
        "Write times in UTC, or with their offset.",
    ),
    Rule(
        "future",
        "Time in the future",
        "the time is later than the run",
        "What has not happened yet cannot be counted.",
        "Look for a wrong zone or clock, or a planned date in place of the real one.",
    ),
    Rule(
        "long_id",
        "Endless id",
        "the id is longer than any id",
        "Usually a whole text or a broken line stands where the id should be.",
        "Look for a column that was shifted, or declare the column that has the id.",
    ),
    Rule(
        "long_key",
        "Endless key",
        "the key that leads to a prediction or unit is longer than any id",
        "Usually a whole text or a broken line stands where the key should be.",
        "Look for a column that was shifted, or correct `on` in [outcomes].",
    ),
    Rule(
        "null_key",
        "No key",
        "the unit, or the key between outcome and prediction or unit, is empty or blank",
        "Nobody knows whose outcome or prediction it is, so no model may take credit for it.",
        "Write it in every row, or correct `unit` in [predictions] or `on` in [outcomes].",
    ),
    Rule(
        "null_group",
        "No group",
        "the group is empty or blank",
        "A comparison of groups cannot place a row that belongs to none.",
        "Write the group in every row.",
    ),
    Rule(
        "null_arm",
        "No arm",
        "the arm is empty or blank, so nothing says whether the row is of the model or of what the "
        "model is compared with",
        "Any guess would move the effect.",
        "Write the arm in every row.",
    ),
    Rule(
        "bad_arm",
        "Unclear arm",
        "the arm is neither yes nor no",
        "Either guess would move the effect.",
        "Write true and false or 1 and 0, or name the treated one with `treated_value`.",
    ),
    Rule(
        "bad_score",
        "Impossible score",
        "the score is no number between 0 and 1, or the predicted number is NaN, infinite, or "
        "10¹⁵ and more on either side of zero",
        "A score that is no probability has no place among the bins and thresholds.",
        "Look for a scaler that was left out, percent in place of shares, or a division by zero.",
    ),
    Rule(
        "bad_value",
        "No usable number",
        "a number is missing where one is needed, no number, infinite, or too large to be added "
        "up: 10¹⁵ and more on either side of zero in a row, beyond 10⁶⁰ in a ready-made sum",
        "One infinite value would make every sum and mean infinite; beside one of 10¹⁵ or more a "
        "sum keeps no cents.",
        "Write plain numbers with a decimal point, without currency signs; leave unknown ones "
        "empty.",
    ),
    Rule(
        "bad_label",
        "Impossible label",
        "the label is neither 0 nor 1, and the score is the chance of one of two",
        "An error between a chance and a label of 2 means nothing.",
        "Write 0 and 1 (or true and false), or name the value that the score predicts with "
        "`positive` in [outcomes].",
    ),
    Rule(
        "empty_key",
        "About nothing",
        "a column that says what the sums are about is empty",
        "Sums of nobody knows what belong nowhere.",
        "Fill the column in every row of the table.",
    ),
    Rule(
        "bad_key",
        "No such kind",
        "a column that says what the sums are about holds a value that it cannot have",
        "The sums would be counted as something else.",
        "Write yes and no, ISO dates and `name=value` as docs/ready-made.md shows them.",
    ),
    Rule(
        "unknown_metric",
        "Metric nobody declared",
        "the metric of the sums is not declared for this model",
        "Only declared metrics have a meaning, a direction and a price.",
        "Declare it as [metrics.NAME], or give its name in the table as `named`. Where the table "
        "holds others on purpose, set warn = 1 for this rule.",
    ),
    Rule(
        "unknown_arm",
        "Arm nobody declared",
        "the arm of the sums is neither the control nor a treated arm of any evidence",
        "A split between arms can only be checked among those that take part.",
        "Correct the arm, or name it in [[evidence]].",
    ),
    Rule(
        "bad_count",
        "No possible count",
        "a count is negative, not whole, or more than what it is a part of",
        "Nobody can be counted less than once, or in a part but not in the whole.",
        "See that counts, not shares or sums of money, are in the column, and that all columns "
        "count the same units.",
    ),
    Rule(
        "bad_moments",
        "Sums that contradict each other",
        "sums of the row cannot all be true of the same numbers",
        "A negative variance, or a mean error above the mean absolute error, is of no data.",
        "See that n, sums and squares are of the same units, and squares are not standard "
        "deviations.",
    ),
    Rule(
        "lost_digits",
        "Variance lost in rounding",
        "the sum of squares is so large that rounding swallowed the variance",
        "Around large means the last digits of the squares hold the whole variance; here they are "
        "gone, and 0 would make every interval too narrow.",
        "Hand in the mean and the standard deviation, or take a constant off before squaring.",
    ),
    Rule(
        "incomplete_day",
        "Day that lacks a row",
        "another row of the same day was held back, so the sums of the day would be incomplete",
        "A day without one of its arms, bins or classes is not a smaller day but a wrong one.",
        "Correct the row that was held back first; this one is then used again.",
    ),
    Rule(
        "bad_bin",
        "No such bin",
        "the bin of the row is none of the registered ones",
        "Bins are frozen at the first refresh: counts of other bins cannot be added to them.",
        "Write the rows with the old edges, or declare `edges` in [facts.score], which begins new "
        "bins for all days.",
    ),
    Rule(
        "null_value",
        "No value",
        "no label and no metric of the row has a value",
        "An unknown value is no outcome. A unit without any counts as `absent` of [outcomes] says: "
        "as 0 unless that is unknown.",
        "Write the value, 0 where it is none, or leave the row out. If an empty cell means 0, "
        "declare `empty_is_zero = true` of the metric.",
    ),
    Rule(
        "bad_propensity",
        "Impossible chance",
        "the chance of treatment is missing or not between 0 and 1",
        "Units are compared with units that had the same chance; this one has none.",
        "Score every unit with the model of who is treated, as a share.",
    ),
    Rule(
        "conflicting_duplicate",
        "Contradicting rows",
        "the same id or unit is there again with other content",
        "Nobody knows which of the rows is true, so none of them is used.",
        "Keep the true row. Corrections replace a row, they do not stand beside it.",
    ),
    Rule(
        "conflicting_arms",
        "Two arms at once",
        "another prediction of the same unit at the same time names another arm",
        "Nobody knows which arm the unit had then, so none of the rows is used. A unit whose first "
        "predictions are such rows is in no comparison.",
        "Log the arm that was assigned, declare an assignments table, or log the time of day if "
        "the rows only share their date.",
    ),
    Rule(
        "orphan",
        "Outcome of nobody",
        "no prediction or unit that is used has the key of this outcome",
        "The outcome happened without the model, so it says nothing about it.",
        "Look for ids written in two ways, predictions that were held back themselves, a log that "
        "began later than the outcomes, or rows of other products. Where outcomes of strangers are "
        "expected, allow more of them.",
    ),
    Rule(
        "before_prediction",
        "Outcome before its prediction",
        "the outcome happened before the first prediction or exposure with its key",
        "What was already there cannot be due to the model.",
        "Look for a wrong time zone, a time of export in place of the event, or a log that began "
        "later than the outcomes.",
    ),
    Rule(
        "missing_columns",
        "Line too short",
        "the line has fewer cells than the header",
        "It is unknown which cells are missing.",
        "Export the file again; look for a transfer that was cut.",
    ),
    Rule(
        "too_many_columns",
        "Line too long",
        "the line has more cells than the header",
        "It is unknown which cell belongs to which column.",
        "Put text with commas in double quotes.",
    ),
    Rule(
        "cut_line",
        "Line that may be cut",
        "the line is the last of a file that ends without a line end, unlike most others of the "
        "table, so its last cell may be cut",
        "A number that was cut is a smaller number, and nobody can tell.",
        "Compare the line with the source. Copy the file again if it is cut, else end its last "
        "line; quoted cells are known to be whole.",
    ),
    Rule(
        "unquoted_value",
        "Broken quotes",
        "a quoted text is not closed, or goes on after its closing quote",
        "It is unknown where the cell ends.",
        'Double the quotes inside of quoted text: "she said ""yes""".',
    ),
    Rule(
        "line_size_over_maximum",
        "Endless line",
        "the line is longer than any row can be",
        "Usually a quote is missing and many rows have run together.",
        "Look for a quote that is not closed.",
    ),
    Rule(
        "duplicate",
        "Same row again",
        "the same id with the same content was there already",
        "It is one event, counted once.",
        "Nothing, unless there are more than you expect.",
        "deduplicated",
    ),
    Rule(
        "crossed",
        "Later in another arm",
        "the unit was assigned again, to another arm",
        "A unit is analysed in the arm it was given first.",
        "See that assignment is drawn once a unit.",
        "deduplicated",
    ),
    Rule(
        "outside_window",
        "Too late to count",
        "the outcome happened after the declared window of every prediction with its key",
        "The window says for how long an outcome may be due to a prediction.",
        "Nothing, unless the window is too short.",
        "out_of_window",
    ),
    Rule(
        "uncredited",
        "Not the one that counts",
        "another outcome of the same prediction was picked, another prediction has the credit, or "
        "it is of a period that was not forecast",
        "Each outcome is credited once.",
        "Nothing: `pick` and `credit` of [outcomes] decide, and which periods were forecast.",
        "accepted",
    ),
)
RULES: dict[str, Rule] = {one.name: one for one in _ALL}


def named(name: str) -> str:
    """A rule as people read it, with the name that commands and limits take.

    >>> named("orphan"), named("future_time")
    ('Outcome of nobody (orphan)', 'Future time (future_time)')
    """
    return f"{rule(name).title} ({name})"


def rule(name: str) -> Rule:
    """The rule of a name; one that a connector of its own brought speaks for itself.

    >>> rule("orphan").title
    'Outcome of nobody'
    >>> rule("future_time").meaning
    'the row breaks the rule "future time"'
    """
    if name in RULES:
        return RULES[name]
    words = name.replace("_", " ")
    return Rule(
        name,
        words.capitalize(),
        f'the row breaks the rule "{words}"',
        "The connector that reads the table holds such rows back.",
        _WRITE,
    )
