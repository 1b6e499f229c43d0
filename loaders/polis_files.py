"""The files of an exported Polis conversation, and the bundled conversation in its compact form."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from persona_db.graph.errors import LoadError
from persona_db.loaders.dates import iso_date
from persona_db.loaders.rows import LONGEST_TEXT, Quarantine, bad_row, id_problem, shown, storable
from persona_db.loaders.table import Table

__all__ = ["BUNDLED", "Conversation", "Statement", "Vote", "bundled", "bundled_texts", "folder_conversation"]

BUNDLED = "bowling_green.json.gz"

_STATEMENTS = "comments.csv"
_STATEMENT_COLUMNS = ("timestamp", "comment-id", "author-id", "moderated", "comment-body")
_TABLES = ("participants-votes.csv", "participant-votes.csv")
_TIMES = "votes.csv"
_TIME_COLUMNS = ("timestamp", "comment-id", "voter-id", "vote")
_VOTES = {"-1": 0, "0": 1, "1": 2}
_MARKS = {"d": 0, "p": 1, "a": 2}
_MODERATED_OUT = -1


class Statement(NamedTuple):
    """A statement of a conversation."""

    id: str
    text: str
    author: str
    at: str
    moderated_out: bool


class Vote(NamedTuple):
    """A vote of somebody on a statement; `last` unless they voted otherwise later."""

    user: str
    question: str
    option: int
    at: str
    last: bool = True


@dataclass
class Conversation:
    """Statements, and votes that are read when they are asked for."""

    statements: list[Statement]
    votes: Callable[[Collection[str]], Iterator[Vote]]
    """Called with the ids of the statements, it yields everybody's votes on them, an earlier one before a later."""
    dated: bool
    changed: int = 0
    """How many votes were changed later; complete once all votes are read."""


def folder_conversation(folder: Path, quarantine: Quarantine) -> Conversation:
    """Return the conversation of an export's folder; LoadError where a file is missing or votes are turned round."""
    if not folder.is_dir():
        reason = "no such folder" if not folder.exists() else "is a file; give the folder"
        raise LoadError(f"{reason} with {_STATEMENTS} and {_TABLES[0]}", source=str(folder))
    table = next((folder / name for name in _TABLES if (folder / name).exists()), None)
    times = folder / _TIMES if (folder / _TIMES).exists() else None
    if table is None and times is None:
        raise LoadError(f"no file {_TABLES[0]} or {_TIMES} in it", source=str(folder))
    statements, totals = _statements(Table(folder / _STATEMENTS, required=_STATEMENT_COLUMNS), quarantine)
    read = _Votes(
        Table(table, required=("participant",)) if table else None,
        Table(times, required=_TIME_COLUMNS) if times else None,
        quarantine,
    )
    read.check(totals)
    found = Conversation(statements, read.votes, dated=times is not None)
    read.conversation = found
    return found


@cache
def _document() -> Mapping[str, Any]:
    packed = files("persona_db.samples").joinpath(BUNDLED).read_bytes()
    document: Mapping[str, Any] = json.loads(gzip.decompress(packed))
    return document


def bundled_texts() -> dict[str, str]:
    """Return the statements of the bundled conversation by id."""
    return {f"c{id_}": text for id_, _, _, _, text in _document()["statements"]}


def bundled() -> Conversation:
    """Return the bundled conversation."""
    document = _document()
    statements = [
        Statement(f"c{id_}", text, f"p{author}", _second(seconds), moderated == _MODERATED_OUT)
        for id_, author, seconds, moderated, text in document["statements"]
    ]

    def votes(_: Collection[str]) -> Iterator[Vote]:
        for id_, marks in zip(document["people"], document["votes"], strict=True):
            for statement, mark in zip(statements, marks, strict=True):
                if mark in _MARKS:
                    yield Vote(f"p{id_}", statement.id, _MARKS[mark], "")

    return Conversation(statements, votes, dated=False)


def _statements(table: Table, quarantine: Quarantine) -> tuple[list[Statement], dict[str, int]]:
    """Return the statements, and how many agreed with each where the file tells."""
    places = [table.place(name) for name in _STATEMENT_COLUMNS]
    agrees = table.place("agrees") if "agrees" in table.columns else None
    found: dict[str, Statement] = {}
    totals: dict[str, int] = {}
    for number, row in table.rows(quarantine):
        when, key, author, moderated, text = (row[place].strip() for place in places)
        try:
            id_ = f"c{_whole(key, 'comment-id')}"
            if not text or len(text) > LONGEST_TEXT:
                raise ValueError(f"comment-body is empty or longer than {LONGEST_TEXT:,} characters")
            made = Statement(
                id_, storable(text), _user(author, "author-id") if author else "", _moment(when),
                _whole(moderated or "0", "moderated") == str(_MODERATED_OUT),
            )  # fmt: skip
            if found.setdefault(id_, made) is not made:
                raise ValueError(f"statement {shown(key)} is there twice; the first row is kept")
        except ValueError as error:
            quarantine(bad_row(table.path, number, str(error), user=f"p{author}" if author else ""))
            continue
        if agrees is not None and row[agrees].isdecimal():
            totals[id_] = int(row[agrees])
    return list(found.values()), totals


class _Votes:
    """The votes of the table with a column a statement, and of the list with times where there is one."""

    def __init__(self, table: Table | None, times: Table | None, quarantine: Quarantine) -> None:
        self._table, self._times, self._quarantine = table, times, quarantine
        self.conversation: Conversation | None = None

    def check(self, totals: dict[str, int]) -> None:
        """Raise LoadError where agreeing and disagreeing are swapped: the statements' counts of agrees tell."""
        if self._table is None or not totals:
            return
        agree, disagree = dict.fromkeys(totals, 0), dict.fromkeys(totals, 0)
        columns = [(place, id_) for place, id_ in self._columns(self._table) if id_ in totals]
        for _, row in self._table.rows(lambda _: None):
            for place, id_ in columns:
                if row[place] == "1":
                    agree[id_] += 1
                elif row[place] == "-1":
                    disagree[id_] += 1
        off = [sum(abs(count[id_] - total) for id_, total in totals.items()) for count in (agree, disagree)]
        if off[1] < off[0]:
            raise LoadError(
                f"1 seems to mean disagree here: {_STATEMENTS} counts as agrees what this file has as -1; "
                "swap 1 and -1 in it",
                source=str(self._table.path),
            )

    def votes(self, statements: Collection[str]) -> Iterator[Vote]:
        """Yield the votes person by person, in the table's order; a person's votes in the order of statements."""
        timed = self._timed(statements)
        for number, user, cells in self._people(statements):
            of_user = timed.pop(user, {})
            for id_, option in cells:
                runs = of_user.pop(id_, [])
                if runs and runs[-1][1] != option:
                    reason = (
                        f"{shown(user)} voted otherwise on {id_} in {_TIMES}; the vote here is kept, without its time"
                    )
                    self._refuse(self._table, number, reason, user)
                    runs = []
                yield from self._runs(user, id_, runs or [("", option)])
            for id_, runs in of_user.items():
                yield from self._runs(user, id_, runs)
        for user, others in timed.items():
            for id_, runs in others.items():
                yield from self._runs(user, id_, runs)

    def _runs(self, user: str, id_: str, runs: Sequence[tuple[str, int]]) -> Iterator[Vote]:
        if self.conversation is not None:
            self.conversation.changed += len(runs) - 1
        for at, option in runs[:-1]:
            yield Vote(user, id_, option, at, last=False)
        yield Vote(user, id_, runs[-1][1], runs[-1][0])

    def _people(self, statements: Collection[str]) -> Iterator[tuple[int, str, list[tuple[str, int]]]]:
        """Yield the rows of the table: number, user, and the options voted for."""
        table = self._table
        if table is None:
            return
        columns = [(place, id_) for place, id_ in self._columns(table) if id_ in statements]
        for _, id_ in self._columns(table):
            if id_ not in statements:
                self._refuse(table, 1, f"column {id_[1:]!r} is no statement of {_STATEMENTS}; not loaded", "")
        who = table.place("participant")
        seen: set[str] = set()
        for number, row in table.rows(self._quarantine):
            try:
                user = _user(row[who], "participant")
                if user in seen:
                    raise ValueError(f"participant {shown(row[who])} is there twice; the first row is kept")
            except ValueError as error:
                self._refuse(table, number, str(error), row[who] and f"p{row[who]}")
                continue
            seen.add(user)
            cells = []
            for place, id_ in columns:
                if value := row[place]:
                    option = _option(value)
                    if option is None:
                        self._refuse(table, number, f"vote {shown(value)} on {id_} is not -1, 0 or 1", user)
                    else:
                        cells.append((id_, option))
            yield number, user, cells

    def _columns(self, table: Table) -> list[tuple[int, str]]:
        return [(place, f"c{int(name)}") for place, name in enumerate(table.columns) if _is_whole(name)]

    def _timed(self, statements: Collection[str]) -> dict[str, dict[str, list[tuple[str, int]]]]:
        """Return each person's votes on each statement with times, in their order, the same vote again left out."""
        table = self._times
        if table is None:
            return {}
        places = [table.place(name) for name in _TIME_COLUMNS]
        found: dict[str, dict[str, list[tuple[str, int]]]] = {}
        for number, row in table.rows(self._quarantine):
            when, key, voter, value = (row[place].strip() for place in places)
            user = ""
            try:
                user = _user(voter, "voter-id")
                id_ = f"c{_whole(key, 'comment-id')}"
                if id_ not in statements:
                    raise ValueError(f"no statement {shown(key)} in {_STATEMENTS}")
                option = _option(value)
                if option is None:
                    raise ValueError(f"vote is {shown(value)}, not -1, 0 or 1")
                at = _moment(when)
            except ValueError as error:
                self._refuse(table, number, str(error), user)
                continue
            found.setdefault(user, {}).setdefault(id_, []).append((at, option))
        return {user: {id_: _changes(given) for id_, given in votes.items()} for user, votes in found.items()}

    def _refuse(self, table: Table | None, number: int, reason: str, user: str) -> None:
        self._quarantine(bad_row(table.path if table else "", number, reason, user=user))


def _changes(given: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the votes by time without those that only repeat the one before; of one second the last counts."""
    by_second = dict(sorted(given, key=lambda vote: vote[0]))
    runs: list[tuple[str, int]] = []
    for at, option in by_second.items():
        if not runs or runs[-1][1] != option:
            runs.append((at, option))
    return runs


def _option(value: str) -> int | None:
    return _VOTES.get(value.strip().removesuffix(".0"))


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _whole(text: str, what: str) -> str:
    """Return a whole number as it is written shortest; ValueError when it is none."""
    digits = text.removesuffix(".0")
    if not _is_whole(digits.removeprefix("-")):
        raise ValueError(f"{what} is {shown(text)}, no whole number")
    return str(int(digits))


def _user(text: str, what: str) -> str:
    user = f"p{_whole(text, what)}"
    if problem := id_problem(user):
        raise ValueError(problem)
    return user


def _moment(milliseconds: str) -> str:
    """Return a time in milliseconds since 1970 as it is stored; '' stays ''."""
    return _second(int(_whole(milliseconds, "timestamp")) // 1000) if milliseconds else ""


def _second(seconds: int) -> str:
    try:
        return iso_date(datetime.fromtimestamp(seconds, UTC).isoformat())
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("timestamp is no time of this world") from error
