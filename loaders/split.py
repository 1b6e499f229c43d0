"""A split marks which answers are history and which are held out to be predicted."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from persona_db.graph.errors import LoadError
from persona_db.graph.models import QuarantinedRow
from persona_db.loaders.rows import composed
from persona_db.loaders.table import Table

__all__ = ["Part", "Split", "joined", "read_split", "write_split"]

_COLUMNS = ("user", "question", "split")

Part = Literal["history", "test"]

_PARTS: Mapping[str, Part] = {"history": "history", "test": "test"}


class Split:
    """Marks of (user, question) pairs; a pair with both marks is refused, so that nothing held out is ever read."""

    def __init__(self, marks: Iterable[tuple[str, str, Part]], *, source: str = "split") -> None:
        self.source = source
        self._users: dict[str, dict[str, Part]] = {}
        names: dict[str, str] = {}
        user: str | None = None
        of_user: dict[str, Part] = {}
        for row_user, row_question, part in marks:
            if row_user != user:
                user, of_user = row_user, self._users.setdefault(row_user, {})
            question = names.setdefault(row_question, row_question)  # one string a question, not one a row
            if of_user.setdefault(question, part) != part:
                raise LoadError(f"user {user!r}, question {question!r} is marked both history and test", source=source)
        self.questions = frozenset(names)

    def of(self, user: str) -> Mapping[str, Part]:
        """Return the user's questions with their mark; empty for a user it does not mention."""
        return self._users.get(user, {})

    def part(self, user: str, question: str) -> Part | None:
        """Return the pair's mark, None when the split does not mention it."""
        return self.of(user).get(question)

    def check_questions(self, known: Collection[str], *, source: str) -> None:
        """Raise LoadError when the split mentions none of the *known* questions: it is another data set's."""
        if self.questions.isdisjoint(known):
            raise LoadError(
                f"no question of it is one of {source}; is it the split of another data set?", source=self.source
            )

    def marks(self) -> Iterator[tuple[str, str, Part]]:
        """Yield every pair with its mark, user by user."""
        for user, questions in self._users.items():
            for question, part in questions.items():
                yield user, question, part

    def __len__(self) -> int:
        return sum(len(questions) for questions in self._users.values())


def read_split(path: Path) -> Split:
    """Read a split from a CSV file, gzipped or not, with columns user, question and split (history or test).

    Any unreadable row is a LoadError: a lost mark could let a held-out answer through.
    """
    table = Table(path, required=_COLUMNS)
    user, question, mark = (table.place(name) for name in _COLUMNS)

    def refuse(row: QuarantinedRow) -> None:
        raise LoadError(row.reason, source=row.source, row=row.row)

    def marks() -> Iterable[tuple[str, str, Part]]:
        for number, row in table.rows(refuse):
            part = _PARTS.get(row[mark])
            if part is None:
                raise LoadError(f"split is {row[mark]!r}, not history or test", source=str(path), row=number)
            yield composed(row[user]), composed(row[question]), part

    return Split(marks(), source=str(path))


def joined(splits: Sequence[Split]) -> Split | None:
    """Return one split with the marks of all of them, None for none; contradicting marks are refused."""
    if len(splits) < 2:
        return splits[0] if splits else None
    source = ", ".join(split.source for split in splits)
    return Split(chain.from_iterable(split.marks() for split in splits), source=source)


def write_split(path: Path, marks: Iterable[tuple[str, str, Part]]) -> None:
    """Write a split that `read_split` reads; gzipped when the name ends in .gz."""
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(marks)
    content = rows.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
