"""Voteview's own CSV files: members, roll calls and votes of any congress and chamber, as voteview.com has them.

Never read are results and counts of roll calls, what NOMINATE estimates of members, and the probability of each vote:
they come of the votes that are to be predicted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from persona_db.graph.errors import LoadError
from persona_db.graph.models import Person, Question
from persona_db.loaders.dates import iso_date
from persona_db.loaders.rollcalls import (
    NO_VOTE,
    OPTIONS,
    ORDINAL,
    PARTIES,
    Chamber,
    Row,
    picked,
    rollcall_labels,
    rollcall_text,
)
from persona_db.loaders.rows import Quarantine, bad_row, reason_of, shown
from persona_db.loaders.table import Table

__all__ = ["is_voteview", "voteview_chamber"]

_MEMBERS = ("congress", "chamber", "icpsr", "state_abbrev", "party_code", "bioname")
_ROLLCALLS = (
    "congress", "chamber", "rollnumber", "date", "session", "clerk_rollnumber", "bill_number", "vote_question",
    "vote_desc", "dtl_desc",
)  # fmt: skip
_VOTES = ("congress", "chamber", "rollnumber", "icpsr", "cast_code")
_KINDS = {"members": _MEMBERS, "rollcalls": _ROLLCALLS, "votes": _VOTES}

_NAME = re.compile(r"^(hs?|s)(\d+|all)_|\.gz$")
_PARTIES = {"100": "D", "200": "R", "328": "Indep"}
"""Parties as the bundled Senate writes them; others have Voteview's code."""
_CAST = {**dict.fromkeys("123", OPTIONS[1]), **dict.fromkeys("456", OPTIONS[0]), **dict.fromkeys("789", NO_VOTE)}
_NOT_A_MEMBER = "0"
_CHAMBERS = {"senate": "s", "house": "h"}
_NOTHING = {"", "NA", "NULL", "None"}


def is_voteview(folder: Path) -> bool:
    """Say whether the folder has Voteview's files: by their names, or by the columns of members.csv."""
    if any(path.stem.lower() != kind for kind in _KINDS for path in _files(folder, kind)):
        return not (folder / "members.csv").exists()
    found = _files(folder, "members")
    return bool(found) and "bioname" in Table(found[0], required=()).columns


def voteview_chamber(folder: Path, quarantine: Quarantine) -> Chamber:
    """Return all that the folder's files hold; LoadError where a kind of file is missing or lacks a column."""
    tables: dict[str, list[Table]] = {}
    for kind, columns in _KINDS.items():
        found = _files(folder, kind)
        if not found:
            raise LoadError(
                f"no file that ends in {kind}.csv; Voteview's are S109_members.csv, S109_rollcalls.csv and "
                "S109_votes.csv, or HS109_... for both chambers",
                source=str(folder),
            )
        tables[kind] = [Table(path, required=columns) for path in found]

    def rows(kind: str) -> Iterator[Row]:
        for table in tables[kind]:
            yield from picked(table, _KINDS[kind], quarantine)

    return Chamber(_members(rows("members"), quarantine), _rollcalls(rows("rollcalls"), quarantine),
                   _votes(rows("votes"), quarantine))  # fmt: skip


def _files(folder: Path, kind: str) -> list[Path]:
    """Return the folder's files of a kind: members.csv, S109_members.csv, HSall_members.csv."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.sub("", path.name.lower()) == f"{kind}.csv")


def _members(rows: Iterator[Row], quarantine: Quarantine) -> Mapping[str, Person]:
    """Return the members by ICPSR number; one who is in several congresses or chambers has the first row's state."""
    first: dict[str, tuple[Row, str, str, str, str]] = {}
    chambers: dict[str, set[str]] = {}
    for row in rows:
        _, chamber, number, state, party, name = (value.strip() for value in row.values)
        try:
            icpsr = _number(number, "icpsr")
            if not name:
                raise ValueError("bioname is empty")
            before = first.setdefault(icpsr, (row, name, state, _PARTIES.get(_plain(party), _plain(party)), chamber))
            if before[1] != name:
                raise ValueError(f"icpsr {icpsr} is that of {shown(before[1])} too; the first row is kept")
            chambers.setdefault(icpsr, set()).add(chamber.lower())
        except ValueError as error:
            quarantine(bad_row(row.source, row.number, str(error)))
    both = len({one for kinds in chambers.values() for one in kinds} & set(_CHAMBERS)) > 1
    short = {icpsr: _short(name, state, party) for icpsr, (_, name, state, party, _) in first.items()}
    times = Counter(short.values())
    found: dict[str, Person] = {}
    for icpsr, (row, name, state, party, _) in first.items():
        in_house = "house" in chambers[icpsr]
        user = f"{short[icpsr][:-1]} {icpsr})" if in_house or times[short[icpsr]] > 1 else short[icpsr]
        attributes = {"PARTY": PARTIES.get(party, party), "STATE": state}
        if both:
            attributes["CHAMBER"] = " and ".join(sorted(one.capitalize() for one in chambers[icpsr]))
        try:
            found[icpsr] = Person(
                id=user, name=name, attributes={key: value for key, value in attributes.items() if value}
            )
        except ValidationError as error:
            quarantine(bad_row(row.source, row.number, reason_of(error), user=user))
    return found


def _short(name: str, state: str, party: str) -> str:
    """Return a member as the bundled Senate calls them: SESSIONS (R AL)."""
    return f"{name.partition(',')[0].upper()} ({' '.join(part for part in (party, state) if part)})"


def _rollcalls(rows: Iterator[Row], quarantine: Quarantine) -> Mapping[str, Question]:
    """Return the roll calls by congress, chamber and number; with the clerk's number in the id where there is one."""
    found: dict[str, Question] = {}
    ids: set[str] = set()
    labels = rollcall_labels()
    for row in rows:
        congress, chamber, number, when, session, clerk, bill, question, *texts = (_plain(one) for one in row.values)
        description = next((text for text in texts if text), "")
        try:
            key = _key(congress, chamber, number)
            house = f"{_chamber(chamber)}{_number(congress, 'congress')}"
            id_ = f"{house}-{int(_number(number, 'rollnumber')):04d}"
            if session and clerk:
                id_ = f"{house}-{int(_number(session, 'session'))}-{int(_number(clerk, 'clerk_rollnumber')):04d}"
            text = rollcall_text(question, bill=bill, description=description)
            if not (question or description):
                raise ValueError("vote_question, vote_desc and dtl_desc are empty")
            if key in found or id_ in ids:
                raise ValueError(f"roll call {id_} is there twice; the first row is kept")
            found[key] = Question(
                id=id_, text=text, options=OPTIONS, ordinal=ORDINAL, kind="rollcall", at=iso_date(when),
                **labels.get(id_, {}),
            )  # fmt: skip
            ids.add(id_)
        except ValidationError as error:
            quarantine(bad_row(row.source, row.number, reason_of(error)))
        except ValueError as error:
            reason = f"date {error}" if str(error).startswith("is ") else str(error)
            quarantine(bad_row(row.source, row.number, reason))
    return found


def _votes(rows: Iterator[Row], quarantine: Quarantine) -> Iterator[Row]:
    for row in rows:
        congress, chamber, number, icpsr, code = (value.strip() for value in row.values)
        code = code.removesuffix(".0")
        if code == _NOT_A_MEMBER:
            continue
        try:
            member = _number(icpsr, "icpsr")
            vote = _CAST.get(code)
            if vote is None:
                raise ValueError(f"cast_code is {shown(code)}, not 0 to 9")
            yield Row(row.source, row.number, (member, _key(congress, chamber, number), vote))
        except ValueError as error:
            quarantine(bad_row(row.source, row.number, str(error)))


def _key(congress: str, chamber: str, number: str) -> str:
    """Return what a vote calls its roll call."""
    values: Sequence[str] = (_number(congress, "congress"), _chamber(chamber), _number(number, "rollnumber"))
    return " ".join(values)


def _chamber(name: str) -> str:
    letter = _CHAMBERS.get(name.strip().lower())
    if letter is None:
        raise ValueError(f"chamber is {shown(name)}, not House or Senate")
    return letter


def _number(text: str, what: str) -> str:
    digits = text.strip().removesuffix(".0")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise ValueError(f"{what} is {shown(text)}, no whole number")
    return str(int(digits))


def _plain(value: str) -> str:
    text = value.strip()
    return "" if text in _NOTHING else text
