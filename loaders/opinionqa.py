"""Survey answers in OpinionQA's layout: a folder a wave, with info.csv, metadata.csv and responses.csv.

Other files of a folder (a second survey of the same people, published predictions) are never read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.graph.names import Keep
from persona_db.loaders.opinionqa_info import is_refusal, questions_of
from persona_db.loaders.rows import Quarantine, bad_row, ignore, reason_of, shown
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Part, Split
from persona_db.loaders.table import Table

__all__ = ["OpinionQASource"]

_log = logging.getLogger(__name__)

_USER = "QKEY"
_WAVE = re.compile(r"_(W\d+)$")
_INDEX = re.compile(r"^(Unnamed: [\d.]+)?$")


class _Column(NamedTuple):
    """A question's column in responses.csv, with the meaning of each answer in it."""

    place: int
    question: str
    answers: Mapping[str, tuple[int, str]]
    """answer -> (its index among the question's options, the statement it makes)"""


class _Answer(NamedTuple):
    user: str
    question: str
    option: int
    text: str
    part: Part | None
    path: str
    row: int


@dataclass(frozen=True)
class _Wave:
    """One folder: its opened tables, its split, and the prefix of its user ids in the dataset."""

    folder: Path
    responses: Table
    demographics: tuple[str, ...]
    split: Split | None
    prefix: str

    def parts(self, user: str, raw: str) -> Mapping[str, Part]:
        """Return the marks of a user's questions under either id; a question held out under one is held out."""
        if self.split is None:
            return {}
        marks = dict(self.split.of(raw))
        for question, part in self.split.of(user).items():
            if marks.get(question) != "test":
                marks[question] = part
        return marks


class OpinionQASource(Source):
    """Answers of one or several waves in one dataset.

    User ids are those of responses.csv; in a folder whose name ends in `_W<number>`, `W<number>_` comes before them.
    There are as many splits as folders, one for all, or none; a split may name users either way.
    """

    name = "opinionqa"

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        splits: Sequence[Split] = (),
        keep: Keep = "history",
    ) -> None:
        self._folders = tuple(folders)
        self._splits = tuple(splits) if len(splits) > 1 else tuple(splits) * len(folders)
        self._keep = keep
        self.counts = Counts()

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield the questions of all waves, then wave by wave each respondent with their answers."""
        self.counts = counts = Counts()
        filtered = bool(self._splits) and self._keep == "history"
        waves = [*self._waves()]
        questions = self._questions(waves, quarantine)
        yield from questions.values()
        for record in self._respondents(waves, questions, quarantine):
            if isinstance(record, Person):
                yield record
                continue
            user, question, option, text, part, path, number = record
            if filtered and not counts.keeps(part):
                continue
            yield HistoryItem.model_construct(
                id=item_id(user, question), user=user, text=text, question=question, option=option, at=""
            ).read_at(path, number)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the answers that the splits mark `test`."""
        self.counts = Counts()
        waves = [*self._waves()]
        for record in self._respondents(waves, self._questions(waves, ignore), quarantine):
            if isinstance(record, _Answer) and record.part == "test":
                yield HeldOut(record.user, record.question, record.option)

    def _waves(self) -> Iterator[_Wave]:
        for index, folder in enumerate(self._folders):
            if not folder.is_dir():
                reason = "no such folder" if not folder.exists() else "is a file; give the wave's folder"
                raise LoadError(f"{reason} with info.csv, metadata.csv and responses.csv", source=str(folder))
            metadata = Table(folder / "metadata.csv", required=("key", "options"))
            key = metadata.place("key")
            wave = _WAVE.search(folder.resolve().name)
            yield _Wave(
                folder=folder,
                responses=Table(folder / "responses.csv", required=(_USER,)),
                demographics=tuple(row[key] for _, row in metadata.rows(ignore) if row[key]),
                split=self._splits[index] if self._splits else None,
                prefix=f"{wave[1]}_" if wave else "",
            )

    def _questions(self, waves: Sequence[_Wave], quarantine: Quarantine) -> dict[str, Question]:
        questions: dict[str, Question] = {}
        for wave in waves:
            path = wave.folder / "info.csv"
            for number, question in questions_of(path, quarantine):
                if questions.setdefault(question.id, question) != question:
                    reason = f"key {shown(question.id)} is there twice and differs; the first row is kept"
                    quarantine(QuarantinedRow(source=str(path), row=number, reason=reason))
            if not any(name in questions for name in wave.responses.columns):
                raise LoadError(f"no column is a question of {path}", source=str(wave.responses.path), row=1)
            if wave.split is not None:
                wave.split.check_questions(questions, source=str(path))
        return questions

    def _respondents(
        self, waves: Sequence[_Wave], questions: Mapping[str, Question], quarantine: Quarantine
    ) -> Iterator[Person | _Answer]:
        seen: dict[str, Path] = {}
        for wave in waves:
            table = wave.responses
            columns = self._columns(wave, questions, quarantine)
            demographics = [(name, table.place(name)) for name in wave.demographics if name in table.columns]
            user_place = table.place(_USER)
            for number, row in table.rows(quarantine):
                raw = self.counts.id(row[user_place])
                user = wave.prefix + raw
                reason = ""
                if user in seen:
                    reason = f"respondent {shown(user)} was read before, in {seen[user]}; that one is kept"
                elif not raw:
                    reason = f"{_USER} is empty"
                else:
                    values = ((name, row[place]) for name, place in demographics)
                    attributes = {name: value for name, value in values if value and not is_refusal(value)}
                    try:
                        yield Person(id=user, attributes=attributes)
                    except ValidationError as error:
                        reason = reason_of(error)
                if reason:
                    quarantine(bad_row(table.path, number, reason, user=user))
                    continue
                seen[user] = table.path
                parts = wave.parts(user, raw)
                for place, question, answers in columns:
                    value = row[place]
                    if not value:
                        continue
                    known = answers.get(value)
                    if known is not None:
                        yield _Answer(user, question, known[0], known[1], parts.get(question), str(table.path), number)
                    elif is_refusal(value):
                        self.counts.refused += 1
                    else:
                        reason = f"{shown(value)} is no option of {shown(question)}"
                        quarantine(bad_row(table.path, number, reason, user=user))

    def _columns(self, wave: _Wave, questions: Mapping[str, Question], quarantine: Quarantine) -> list[_Column]:
        columns = []
        for place, name in enumerate(wave.responses.columns):
            question = questions.get(name)
            if question is not None:
                answers = {
                    option: (index, f'Asked "{question.text}", answered "{option}"')
                    for index, option in enumerate(question.options)
                }
                columns.append(_Column(place, name, answers))
            elif name != _USER and name not in wave.demographics and not _INDEX.match(name):
                reason = f"column {shown(name)} is neither a question of info.csv nor a demographic; not loaded"
                quarantine(QuarantinedRow(source=str(wave.responses.path), row=1, reason=reason))
        _log.info("%s: %d questions", wave.folder.name, len(columns))
        return columns
