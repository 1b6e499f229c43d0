"""Roll-call votes of the US Senate: the bundled 109th, or a folder of files of Voteview or of the R package pscl.

Results and totals of the roll calls are not in the bundled file and are never read from a folder:
they would give away the votes that are to be predicted.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.graph.names import Keep
from persona_db.loaders.dates import iso_date
from persona_db.loaders.rollcalls import OPTIONS, ORDINAL, PARTIES, Chamber, Row, picked, rollcall_labels, rollcall_text
from persona_db.loaders.rows import Quarantine, bad_row, ignore, reason_of, shown
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Split
from persona_db.loaders.table import Table
from persona_db.loaders.voteview import is_voteview, voteview_chamber

__all__ = ["SenateSource", "Vote"]

_MARKS = {"N": 0, "Y": 1}
_VOTES = {name: index for index, name in enumerate(OPTIONS)}
_NO_VOTE = frozenset({"", "Not Voting", "Present", "Missing", "NA"})

_FILES = ("members.csv", "rollcalls.csv", "votes.csv")
_MEMBER_COLUMNS = ("name", "state", "party")
_ROLLCALL_COLUMNS = ("date", "session", "number", "bill", "question", "description")
_VOTE_COLUMNS = ("name", "rollcall", "vote")


class Vote(NamedTuple):
    """One vote: who, on which roll call, which option, when. A split is drawn from votes."""

    user: str
    question: str
    option: int
    at: str
    source: str = ""
    row: int = 0


class SenateSource(Source):
    """Votes as answers: the roll call is the question, Nay and Yea are its options."""

    name = "senate"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        split: Split | None = None,
        keep: Keep = "history",
    ) -> None:
        self._folder = folder
        self._split = split if keep == "history" else None
        self._marked = split
        self.counts = Counts()

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield roll calls, members, then votes; LoadError before the first where a table is missing or not one."""
        self.counts = counts = Counts()
        chamber = self._chamber(quarantine)
        rollcalls = chamber.rollcalls
        if not rollcalls:
            raise LoadError("no roll call can be read", source=self._place)
        if self._split is not None:
            self._split.check_questions({question.id for question in rollcalls.values()}, source=self._place)
        yield from rollcalls.values()
        yield from chamber.members.values()
        texts = {
            question.id: [f"Voted {option}: {question.text}" for option in OPTIONS] for question in rollcalls.values()
        }
        for vote in self._votes(chamber, quarantine):
            if self._split is not None and not counts.keeps(self._split.part(vote.user, vote.question)):
                continue
            yield HistoryItem.model_construct(
                id=item_id(vote.user, vote.question),
                user=vote.user,
                text=texts[vote.question][vote.option],
                question=vote.question,
                option=vote.option,
                at=vote.at,
            ).read_at(vote.source, vote.row)

    def votes(self, quarantine: Quarantine = ignore) -> Iterator[Vote]:
        """Yield every vote, whatever the split marks: to draw a split, never to load."""
        self.counts = Counts()
        yield from self._votes(self._chamber(quarantine), quarantine)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the votes that the split marks `test`."""
        if self._marked is None:
            return
        for vote in self.votes(quarantine):
            if self._marked.part(vote.user, vote.question) == "test":
                yield HeldOut(vote.user, vote.question, vote.option, vote.at)

    @property
    def _place(self) -> str:
        return "the bundled Senate data" if self._folder is None else str(self._folder)

    def _chamber(self, quarantine: Quarantine) -> Chamber:
        if self._folder is None:
            return _bundled()
        if is_voteview(self._folder):
            return voteview_chamber(self._folder, quarantine)
        return _folder_chamber(self._folder, quarantine)

    def _votes(self, chamber: Chamber, quarantine: Quarantine) -> Iterator[Vote]:
        seen: dict[tuple[str, str], int] = {}
        for row in chamber.votes:
            name, rollcall, vote = row.values
            question = chamber.rollcalls.get(rollcall)
            member = chamber.members.get(name)
            option = _VOTES.get(vote)
            if question is None:
                reason = f"no roll call {shown(rollcall)}"
            elif member is None:
                reason = f"no member {shown(name)}"
            elif option is None and vote in _NO_VOTE:
                self.counts.refused += 1
                continue
            elif option is None:
                reason = f"vote is {shown(vote)}, not Yea or Nay"
            elif (before := seen.setdefault((name, rollcall), option)) != option:
                reason = f"{shown(name)} voted {OPTIONS[before]} on it in an earlier row"
            else:
                yield Vote(member.id, question.id, option, question.at, row.source, row.number)
                continue
            quarantine(bad_row(row.source, row.number, reason, user=member.id if member else ""))


def _rollcalls(rows: list[Row], quarantine: Quarantine) -> dict[str, Question]:
    """Return the questions by their row number, from 1, by which votes refer to them."""
    found: dict[str, Question] = {}
    numbers: set[str] = set()
    labels = rollcall_labels()
    for index, row in enumerate(rows, start=1):
        when, session, number, bill, name, description = row.values
        try:
            at = iso_date(when)
            if not at:
                raise ValueError("is missing")
            congress = (date.fromisoformat(at[:10]).year - 1789) // 2 + 1
            question_id = f"s{congress}-{int(session)}-{int(number):04d}"
        except ValueError as error:
            reason = f"date, session or number: {error}"
        else:
            text = rollcall_text(name, bill=bill, description=description)
            if question_id in numbers:
                reason = f"roll call {question_id} is there twice"
            else:
                try:
                    found[str(index)] = Question(
                        id=question_id, text=text, options=OPTIONS, ordinal=ORDINAL, kind="rollcall", at=at,
                        **labels.get(question_id, {}),
                    )  # fmt: skip
                    numbers.add(question_id)
                    continue
                except ValidationError as error:
                    reason = reason_of(error)
        quarantine(QuarantinedRow(source=row.source, row=row.number, reason=reason))
    return found


def _members(rows: list[Row], quarantine: Quarantine) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for row in rows:
        name, state, party = row.values
        attributes = {key: value for key, value in (("PARTY", PARTIES.get(party, party)), ("STATE", state)) if value}
        try:
            person = Person(id=name, name=name, attributes=attributes)
        except ValidationError as error:
            reason = reason_of(error)
        else:
            if found.setdefault(name, person) == person:
                continue
            reason = f"member {shown(name)} is there twice; the first row is kept"
        quarantine(QuarantinedRow(source=row.source, row=row.number, reason=reason))
    return found


def _bundled() -> Chamber:
    packed = files("persona_db.samples").joinpath("senate109.json.gz").read_bytes()
    document: dict[str, Any] = json.loads(gzip.decompress(packed))
    name = "senate109.json.gz"
    members = [Row(name, row, tuple(values[:3])) for row, values in enumerate(document["members"], start=1)]
    rollcalls = [Row(name, row, tuple(values)) for row, values in enumerate(document["rollcalls"], start=1)]
    votes = (
        Row(name, row, (member.values[0], str(row), OPTIONS[_MARKS[mark]]))
        for row, marks in enumerate(document["votes"], start=1)
        for member, mark in zip(members, marks, strict=True)
        if mark in _MARKS
    )
    return Chamber(_members(members, ignore), _rollcalls(rollcalls, ignore), votes)


def _folder_chamber(folder: Path, quarantine: Quarantine) -> Chamber:
    if not folder.is_dir():
        reason = "no such folder" if not folder.exists() else "is a file; give the folder"
        raise LoadError(f"{reason} with {', '.join(_FILES)}", source=str(folder))
    members, rollcalls, votes = (
        Table(folder / file, required=columns)
        for file, columns in zip(_FILES, (_MEMBER_COLUMNS, _ROLLCALL_COLUMNS, _VOTE_COLUMNS), strict=True)
    )
    return Chamber(
        _members(list(picked(members, _MEMBER_COLUMNS, quarantine)), quarantine),
        _rollcalls(list(picked(rollcalls, _ROLLCALL_COLUMNS, quarantine)), quarantine),
        picked(votes, _VOTE_COLUMNS, quarantine),
    )
