"""Label files: a CSV table of what questions and their options are called, a row an option, to be edited by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO, cast, get_args

from persona_db.graph.cells import csv_cell, text_of_cell
from persona_db.graph.labels import LONGEST_LABEL, LONGEST_STANCE, Label
from persona_db.graph.models import QuarantinedRow, Question
from persona_db.graph.names import OptionDirection, QuestionContent
from persona_db.loaders.rows import Quarantine, shown
from persona_db.loaders.table import Table

__all__ = ["COLUMNS", "label_rows", "read_labels", "write_labels"]

COLUMNS = ("question", "option", "label", "stance", "kind", "direction")
_TAKEN_BACK = "-"
_KINDS = get_args(QuestionContent)
_DIRECTIONS = get_args(OptionDirection)


class _Row(NamedTuple):
    """The cells of a row of a label file, in the order of `COLUMNS`."""

    question: str
    option: str
    label: str
    stance: str
    kind: str
    direction: str = ""


def read_labels(path: Path, questions: Iterable[Question], quarantine: Quarantine) -> list[Label]:
    """Return the labels that a file gives to *questions*, in the order of the file.

    A row names a question and one of its options; `label` and `kind` are those of the question, and may stand in one of
    its rows alone; the column `direction` may be missing. An empty cell says nothing; a stance `-` takes back those
    that no row of the question gives; the apostrophe that keeps a spreadsheet from calculating a cell is taken away. A
    row is quarantined when the dataset has no such question or option, a cell cannot be used, or it contradicts an
    earlier row; the rest of the file is read.
    LoadError when the file cannot be read or lacks a column.
    """
    table = Table(path, required=COLUMNS[:-1])
    places = [table.place(name) for name in COLUMNS if name in table.columns]
    known = {question.id: question for question in questions}
    found: dict[str, Label] = {}
    taken: dict[str, str] = {}
    for number, cells in table.rows(quarantine):
        row = _Row(*(text_of_cell(cells[place].strip()) for place in places))
        try:
            question = known.get(row.question)
            if question is None:
                raise ValueError(f"no question {shown(row.question)} in the dataset")
            _check(row, question)
            made = _with_row(found.get(question.id) or Label(question=question.id), question, row)
            if taken.setdefault(row.label.casefold(), question.id) != question.id and row.label:
                other = taken[row.label.casefold()]
                raise ValueError(f"label {shown(row.label)} is that of question {shown(other)} too")
        except ValueError as error:
            quarantine(QuarantinedRow(source=str(path), row=number, reason=str(error)))
            continue
        found[question.id] = made
    return list(found.values())


def _check(row: _Row, question: Question) -> None:
    """ValueError says why a row cannot be used, whatever other rows say."""
    if row.option and row.option not in question.options:
        raise ValueError(f"{shown(row.option)} is no option of {shown(question.id)}")
    if (row.stance or row.direction) and not row.option:
        raise ValueError("a stance and a direction need their option")
    for name, text, longest in (("label", row.label, LONGEST_LABEL), ("stance", row.stance, LONGEST_STANCE)):
        if len(text) > longest:
            raise ValueError(f"{name} has {len(text)} characters, {longest} are the most")
    for name, word, words in (("kind", row.kind, _KINDS), ("direction", row.direction, _DIRECTIONS)):
        if word and word not in words:
            raise ValueError(f"{name} is {shown(word)}, not one of {', '.join(filter(None, words))}")


def _with_row(now: Label, question: Question, row: _Row) -> Label:
    """Return the label of a question after another row; ValueError says what it contradicts."""
    for name, given, before in (("label", row.label, now.label), ("kind", row.kind, now.content or "")):
        if given and before and given != before:
            raise ValueError(f"{name} of {shown(question.id)} was {shown(before)} in an earlier row; that is kept")
    stances = list(now.stances or [""] * len(question.options))
    directions = list(now.directions or [""] * len(question.options))
    place = question.options.index(row.option) if row.option else 0
    if row.stance and row.stance != _TAKEN_BACK:
        if stances[place] not in ("", row.stance):
            before = stances[place]
            raise ValueError(f"stance of {shown(row.option)} was {shown(before)} in an earlier row; that is kept")
        if row.stance in (other for at, other in enumerate(stances) if at != place):
            raise ValueError(f"stance {shown(row.stance)} is that of another option of {shown(question.id)}")
        stances[place] = row.stance
    if row.direction:
        directions[place] = cast(OptionDirection, row.direction)
    return Label(
        question=question.id,
        label=now.label or row.label,
        stances=tuple(stances) if now.stances or row.stance else (),
        directions=tuple(directions) if any(directions) else (),
        content=now.content or row.kind or None,
    )


def label_rows(questions: Sequence[Question]) -> Iterator[dict[str, str]]:
    """Yield the rows of a label file with what *questions* are called now; a question without options has one row."""
    for question in questions:
        for place, option in enumerate(question.options or ("",)):
            yield {
                "question": question.id,
                "option": option,
                "label": question.label,
                "stance": question.stances[place] if question.stances else "",
                "kind": question.content or "",
                "direction": question.directions[place] if question.directions else "",
            }


def write_labels(questions: Sequence[Question], file: TextIO) -> None:
    """Write what *questions* are called as a label file, which `read_labels` reads; no cell is a formula."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_cell(text) for name, text in row.items()} for row in label_rows(questions))
