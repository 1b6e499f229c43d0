"""Label files: a CSV table of what questions and their options are called, a row an option, to be edited by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO, get_args

from persona_db.graph.labels import LONGEST_LABEL, LONGEST_STANCE, Label
from persona_db.graph.models import QuarantinedRow, Question
from persona_db.graph.names import QuestionContent
from persona_db.loaders.rows import Quarantine, shown
from persona_db.loaders.table import Table

__all__ = ["COLUMNS", "label_rows", "read_labels", "write_labels"]

COLUMNS = ("question", "option", "label", "stance", "kind")
_KINDS = get_args(QuestionContent)


def read_labels(path: Path, questions: Iterable[Question], quarantine: Quarantine) -> list[Label]:
    """Return the labels that a file gives to *questions*, in the order of the file.

    A row names a question and one of its options; `label` and `kind` are those of the question, and may stand in one of
    its rows alone. An empty cell says nothing. A row is quarantined when the dataset has no such question or option,
    a label, stance or kind cannot be used, or it contradicts an earlier row; the rest of the file is read.
    LoadError when the file cannot be read or lacks a column.
    """
    table = Table(path, required=COLUMNS)
    places = [table.place(name) for name in COLUMNS]
    known = {question.id: question for question in questions}
    found: dict[str, Label] = {}
    taken: dict[str, str] = {}
    for number, row in table.rows(quarantine):
        id_, option, *cells = (row[place].strip() for place in places)
        label, stance, kind = cells
        try:
            made = _with_row(found.get(id_), known, id_, option, label=label, stance=stance, kind=kind)
            if taken.setdefault(label.casefold(), id_) != id_ and label:
                raise ValueError(f"label {shown(label)} is that of question {shown(taken[label.casefold()])} too")
        except ValueError as error:
            quarantine(QuarantinedRow(source=str(path), row=number, reason=str(error)))
            continue
        found[id_] = made
    return list(found.values())


def _with_row(
    before: Label | None, known: dict[str, Question], id_: str, option: str, *, label: str, stance: str, kind: str
) -> Label:
    """Return the label of a question after another row; ValueError says why the row cannot be used."""
    question = known.get(id_)
    if question is None:
        raise ValueError(f"no question {shown(id_)} in the dataset")
    if option and option not in question.options:
        raise ValueError(f"{shown(option)} is no option of {shown(id_)}")
    if stance and not option:
        raise ValueError("a stance needs its option")
    if len(label) > LONGEST_LABEL:
        raise ValueError(f"label has {len(label)} characters, {LONGEST_LABEL} are the most")
    if len(stance) > LONGEST_STANCE:
        raise ValueError(f"stance has {len(stance)} characters, {LONGEST_STANCE} are the most")
    if kind and kind not in _KINDS:
        raise ValueError(f"kind is {shown(kind)}, not one of {', '.join(_KINDS)}")
    now = before or Label(question=id_)
    for name, given, then in (("label", label, now.label), ("kind", kind, now.content or "")):
        if given and then and given != then:
            raise ValueError(f"{name} of {shown(id_)} was {shown(then)} in an earlier row; that is kept")
    stances = list(now.stances or [""] * len(question.options))
    if stance:
        place = question.options.index(option)
        if stances[place] not in ("", stance):
            raise ValueError(f"stance of {shown(option)} was {shown(stances[place])} in an earlier row; that is kept")
        if stance in (other for at, other in enumerate(stances) if at != place):
            raise ValueError(f"stance {shown(stance)} is that of another option of {shown(id_)}")
        stances[place] = stance
    return Label(
        question=id_,
        label=now.label or label,
        stances=tuple(stances) if any(stances) else (),
        content=now.content or kind or None,
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
            }


def write_labels(questions: Sequence[Question], file: TextIO) -> None:
    """Write what *questions* are called as a label file, which `read_labels` reads."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(label_rows(questions))
