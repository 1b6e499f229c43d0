"""Cells of CSV files: lists in one form, no formula, and the text comes back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.graph.cells import csv_cell, joined, text_of_cell


@given(st.one_of(st.text(), st.from_regex(r"'{0,3}[=+\-@\t\r].*", fullmatch=True)))
def test_no_text_is_a_formula_and_every_text_comes_back(text: str) -> None:
    """A spreadsheet calculates what begins with one of these; one apostrophe before it is taken away again."""
    cell = csv_cell(text)
    assert isinstance(cell, str)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert text_of_cell(cell) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("-5", "'-5"), (-5, -5), (-0.5, -0.5), (None, None), (True, "true"),
        ("ada", "ada"), ("'ada", "'ada"), (["a", "b"], "a; b"), ([0.5, 1], "0.5; 1"), ([], ""),
        (["=a", "b"], "'=a; b"), ([{"a": 1}], '[{"a": 1}]'), ({"a": "ä"}, '{"a": "ä"}'),
    ],
)  # fmt: skip
def test_what_stands_in_a_cell(value: object, cell: object) -> None:
    """Numbers stay numbers, lists of texts and numbers are joined, what is nested is JSON."""
    assert csv_cell(value) == cell


def test_a_list_is_joined_alike_everywhere() -> None:
    """The table to be read has the same form."""
    assert joined(["a", None, 2, False]) == "a; ; 2; false"


def test_a_label_file_is_read_as_it_was_written() -> None:
    """Options that begin with a sign are guarded in the file, and known when it is read again."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from persona_db.graph.models import Question
    from persona_db.loaders.label_file import read_labels, write_labels

    question = Question(
        id="=q", text="How many degrees?", options=("-1", "+1"), label="@Degrees", stances=("=cold", "+warm")
    )
    written = io.StringIO()
    write_labels([question], written)
    rows = list(csv.reader(io.StringIO(written.getvalue())))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    refused: list[object] = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_text(written.getvalue(), encoding="utf-8")
        [read] = read_labels(path, [question], refused.append)
    assert (read.question, read.label, read.stances, refused) == ("=q", "@Degrees", ("=cold", "+warm"), [])
