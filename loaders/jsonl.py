"""persona-db's own format: one JSON object a line, an item, a question or a user (docs/loaders.md)."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import derived_item_key, item_id
from persona_db.graph.models import HistoryItem, Person, Question, Withdrawal
from persona_db.graph.names import Keep
from persona_db.loaders.choices import chosen, is_no_answer
from persona_db.loaders.jsonl_lines import ItemLine, QuestionLine, UserLine, json_object, line_of, written_user
from persona_db.loaders.lines import check_file, numbered_lines
from persona_db.loaders.marked_items import MarkedItem, held_out, loaded
from persona_db.loaders.rows import Quarantine, bad_row, ignore, normalised, reason_of, shown, written_id
from persona_db.loaders.several import says_several, tick_id, tick_questions, tick_text, ticked
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Part, Split
from persona_db.loaders.tabular.open import ENDINGS

__all__ = ["ItemLine", "JsonlSource", "QuestionLine", "UserLine"]

_LOOKED_AT = 20
"""Lines that are checked to see whether a file has JSON lines at all."""


class _Asked:
    """The questions of a reading: those of its lines, those that the dataset has, and those of several ticks."""

    def __init__(self, stored: dict[str, Question]) -> None:
        self._stored = stored
        self._read: dict[str, Question] = {}
        self.several: dict[str, Question] = {}
        """Questions of which several options may be ticked; what is stored is a question for each option."""

    def get(self, id_: str) -> Question | None:
        return self._read.get(id_) or self._stored.get(id_)

    def add(self, line: QuestionLine) -> tuple[Question, ...]:
        """Return the questions to store that a line brings; ValueError when one is known and differs."""
        question = Question(
            id=line.id,
            text=line.text,
            options=line.options,
            ordinal=line.ordinal or (),
            kind=line.kind,
            label=line.label,
            stances=line.stances,
            directions=line.directions,
            content=line.content,
            at=line.at,
        )
        several = line.several
        if several is None:
            several = line.ordinal is None and len(line.options) > 1 and says_several(line.text)
        if not several:
            return self._new(question)
        if self.several.get(question.id, question) != question:
            raise ValueError(f"question {shown(line.id)} is known with another text or options; that is kept")
        new = tuple(one for tick in tick_questions(question) for one in self._new(tick))
        self.several[question.id] = question
        return new

    def _new(self, question: Question) -> tuple[Question, ...]:
        """Return the question unless it is known as it is; places on a scale that differ are new."""
        read, stored = self._read.get(question.id), self._stored.get(question.id)
        before = read or stored
        if before is not None and (
            _content(before) != _content(question) or (read and not _same_scale(read, question))
        ):
            raise ValueError(
                f"question {shown(question.id)} is known with another text, options, scale or date; that is kept"
            )
        self._read[question.id] = before if before is not None and not question.ordinal else question
        return () if before is not None and _same_scale(before, question) else (question,)


class _Ticks:
    """What people ticked, gathered until every line is read: an option that is not among it was not ticked."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str, str], tuple[str | None, set[int], tuple[str, int]]] = {}

    def add(self, line: ItemLine, question: Question, place: tuple[str, int]) -> None:
        """Take in what a line ticks; all that its user ticked counts as read at the first of their lines."""
        places = ticked(line.option, question)
        _, before, _ = self._of.setdefault((line.user, question.id, line.at), (line.id, set(), place))
        before |= places

    def items(self, questions: dict[str, Question]) -> Iterator[tuple[str, HistoryItem]]:
        """Yield an answer to each yes/no question, with the id of the whole, of everybody who answered the whole."""
        for (user, whole, at), (key, places, (file, line)) in self._of.items():
            question = questions[whole]
            for place, option in enumerate(question.options):
                yes = place in places
                id_, text = tick_id(whole, option), tick_text(question, place, yes=yes)
                made = derived_item_key(user, id_, text, at) if key is None else f"{key}={option}"
                item = HistoryItem(id=item_id(user, made), user=user, text=text, question=id_, option=int(yes), at=at)
                yield whole, item.read_at(file, line)


class JsonlSource(Source):
    """Items, questions and users from JSON-lines files, read in their order; '-' is standard input."""

    name = "jsonl"

    def __init__(self, paths: Sequence[Path], *, split: Split | None = None, keep: Keep = "history") -> None:
        self._files = [self._file(path) for path in paths]
        self._split = split
        self._keep = keep
        self._stored: dict[str, Question] = {}
        self.counts = Counts()

    def know(self, questions: Iterable[Question]) -> None:
        """Let items answer these questions too, which the dataset already has."""
        self._stored = {question.id: question for question in questions}

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield the records of the lines in their order, each user before their first item; ticks come last."""
        split = self._split if self._keep == "history" else None
        self._check()
        texts = self._held_out_texts(split) if split is not None else None
        self.counts = Counts()
        yield from loaded(self._records(quarantine), self.counts, texts)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the answers that the split marks `test`."""
        self.counts = Counts()
        self._check()
        yield from held_out(self._records(quarantine))

    def _held_out_texts(self, split: Split) -> frozenset[tuple[str, str]]:
        """Return (user, text) of the held-out answers: the same text as a free item would give the answer away."""
        texts = set()
        answered: set[str] = set()
        for record in self._records(ignore):
            if isinstance(record, MarkedItem) and record.item.question is not None:
                answered |= {record.item.question, record.item.question.partition("=")[0]}
                if record.part == "test":
                    texts.add((record.item.user, normalised(record.item.text)))
        split.check_questions(answered, source=", ".join(name for name, _ in self._files))
        return frozenset(texts)

    def _records(self, quarantine: Quarantine) -> Iterator[Question | Person | Withdrawal | MarkedItem]:
        asked, ticks = _Asked(self._stored), _Ticks()
        people: dict[str, Person] = {}
        seen: set[str] = set()
        for name, path in self._files:
            for number, text, problem in numbered_lines(path, name=name):
                if not problem and not text.strip():
                    continue
                written: object = ""
                try:
                    if problem:
                        raise ValueError(problem)
                    value = json_object(text)
                    written = written_user(value)
                    line = line_of(value)
                    if isinstance(line, QuestionLine):
                        yield from asked.add(line)
                        continue
                    user = self.counts.id(written) if isinstance(written, str) else written_id(written)
                    if isinstance(line, UserLine):
                        person = Person(id=user, name=line.name, attributes=line.attributes)
                        before = people.setdefault(user, person)
                        if before is person:
                            seen.add(user)
                            yield person
                        elif before != person:
                            raise ValueError(f"user {shown(user)} was described otherwise before; that is kept")
                        continue
                    found = self._said(line, asked, ticks, place=(name, number))
                except ValueError as error:
                    quarantine(bad_row(name, number, reason_of(error), user=written_id(written)))
                    continue
                if user not in seen:
                    seen.add(user)
                    yield Person(id=user)
                if found is not None:
                    yield found
        self.notes = tuple(
            f"of question {shown(one.id)} several options may be ticked: it is {len(one.options)} yes/no questions, "
            f"{tick_id(one.id, one.options[0])!r} the first"
            for one in asked.several.values()
        )
        for whole, item in ticks.items(asked.several):
            yield MarkedItem(item, self._part(item.user, item.question or "", whole))

    def _said(
        self, line: ItemLine, asked: _Asked, ticks: _Ticks, *, place: tuple[str, int]
    ) -> MarkedItem | Withdrawal | None:
        """Return what a line says, None where that is nothing, or comes with the ticks."""
        option: int | None = None
        text = line.text
        if line.question is not None:
            question = asked.several.get(line.question) or asked.get(line.question)
            if question is None:
                raise ValueError(f"no question {shown(line.question)}; its line must come before its answers")
            answers = "option" in line.model_fields_set
            if answers and is_no_answer(line.option, question):
                if text is None:
                    self.counts.refused += 1
                    several = question.id in asked.several
                    if several:
                        return None
                    return Withdrawal(user=line.user, question=question.id, id=line.id, at=line.at).read_at(*place)
            elif question.id in asked.several:
                ticks.add(line, question, place)
                return None
            elif answers:
                option = chosen(line.option, question)
                text = text or f'Asked "{question.text}", answered "{question.options[option]}"'
        if text is None:
            raise ValueError("needs text, or a question and an option")
        key = line.id if line.id is not None else derived_item_key(line.user, line.question, text, line.at)
        item = HistoryItem(
            id=item_id(line.user, key), user=line.user, text=text, question=line.question, option=option, at=line.at
        )
        part = self._part(line.user, line.question) if line.question is not None else None
        return MarkedItem(item.read_at(*place), part)

    def _part(self, user: str, *questions: str) -> Part | None:
        """Return the mark of an answer that a split may know by several names; held out by one, it is held out."""
        if self._split is None:
            return None
        marks = self._split.of(user)
        parts = {marks.get(question) for question in questions}
        return "test" if "test" in parts else "history" if "history" in parts else None

    def _file(self, path: Path) -> tuple[str, Path]:
        if str(path) != "-":
            return str(path), path
        spool = tempfile.NamedTemporaryFile(prefix="persona-db-", suffix=".jsonl")  # noqa: SIM115 - lives as long as we
        weakref.finalize(self, spool.close)
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        return "stdin", Path(spool.name)

    def _check(self) -> None:
        """Raise LoadError where a file cannot be read, or none of its first lines is a JSON object."""
        for name, path in self._files:
            check_file(path, name=name)
            lines = (line for line in numbered_lines(path, name=name) if line.problem or line.text.strip())
            reasons = []
            for line in islice(lines, _LOOKED_AT):
                try:
                    if not line.problem:
                        json_object(line.text)
                        break
                    reasons.append((line.number, line.problem))
                except ValueError as error:
                    reasons.append((line.number, str(error)))
            else:
                number, reason = reasons[0]
                remedy = "each line must be a JSON object (docs/loaders.md)"
                if path.suffix.lower() in ENDINGS:
                    remedy = f"a table is loaded with `persona-db load table {name}`"
                raise LoadError(f"{reason}; {remedy}", source=name, row=number)


def _content(question: Question) -> Question:
    """Return the question without its scale and what it is called, which may change."""
    return question.model_copy(update={"label": "", "stances": (), "directions": (), "content": None, "ordinal": ()})


def _same_scale(before: Question, after: Question) -> bool:
    return not after.ordinal or before.ordinal == after.ordinal
