"""A table of answers as a source: wide, a column a question, or long, a row an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from persona_db.graph.errors import ConfigError, LoadError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.graph.names import Keep
from persona_db.loaders.marked_items import MarkedItem, held_out, loaded
from persona_db.loaders.rows import Quarantine, ignore, normalised, reason_of, shown
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Split
from persona_db.loaders.tabular.long import LongAnswers
from persona_db.loaders.tabular.meanings import MISSING, Meanings, text_of
from persona_db.loaders.tabular.people import PeopleColumns, Who
from persona_db.loaders.tabular.plan import NO, YES, ColumnPlan, TablePlan
from persona_db.loaders.tabular.summary import summary_of
from persona_db.loaders.tabular.table_file import Batch, TableFile

__all__ = ["TableSource"]


class _Column(NamedTuple):
    """A question's column: where it is, what its cells mean, and the questions and statements that come of it."""

    place: int
    plan: ColumnPlan
    meanings: Meanings
    questions: Sequence[Question]
    """One; of a column with several options, one an option."""
    texts: Sequence[Sequence[str]]
    gate: int | None
    not_asked: frozenset[str]


class TableSource(Source):
    """A table that is read by a plan."""

    name = "table"

    def __init__(self, file: TableFile, plan: TablePlan, *, split: Split | None = None, keep: Keep = "history") -> None:
        self.file = file
        self.plan = plan
        self.counts = Counts()
        self.notes = summary_of(plan)
        self._split = split
        self._keep = keep
        self._stored: Mapping[str, Question] = {}
        self._places = {variable.name: place for place, variable in enumerate(file.variables)}
        lacking = [one.column for one in plan.columns if one.column not in self._places]
        if lacking:
            raise ConfigError(f"{file.source} has no column {lacking[0]!r}; the mapping is of another table")

    def know(self, questions: Iterable[Question]) -> None:
        """Read stored questions with their stored options, where these include those of the table."""
        self._stored = {question.id: question for question in questions}

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield the questions, then each person with their answers."""
        split = self._split if self._keep == "history" else None
        texts = self._held_out_texts(split) if split is not None else None
        self.counts = Counts()
        yield from loaded(self._records(quarantine), self.counts, texts)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the answers that the split marks `test`."""
        yield from held_out(self._records(quarantine))

    def _held_out_texts(self, split: Split) -> frozenset[tuple[str, str]]:
        """Return (user, text) of held-out answers; LoadError where the split is that of another table."""
        texts = set()
        answered = set()
        for record in self._records(ignore):
            if isinstance(record, Question):
                answered.add(record.id)
            elif isinstance(record, MarkedItem) and record.part == "test":
                texts.add((record.item.user, normalised(record.item.text)))
        split.check_questions(answered, source=self.file.source)
        return frozenset(texts)

    def _records(self, quarantine: Quarantine) -> Iterator[Question | Person | MarkedItem]:
        people = PeopleColumns(self.plan, self._places, id_of=self.counts.id)
        if self.plan.form == "long":
            yield from self._long(people, quarantine)
        else:
            yield from self._wide(people, quarantine)

    def _wide(self, people: PeopleColumns, quarantine: Quarantine) -> Iterator[Question | Person | MarkedItem]:
        columns = [self._column(plan) for plan in self.plan.of("question")]
        texts = [(self._places[one.column], one.asked) for one in self.plan.of("text")]
        for column in columns:
            yield from column.questions
        seen: set[tuple[str, str]] = set()
        for batch in self.file.batches(quarantine):
            for index, number in enumerate(batch.rows):
                try:
                    who = people.of(batch.cells, index, number=number)
                    if (who.id, who.at or who.wave) in seen:
                        raise ValueError(f"respondent {shown(who.id)} was read before; that one is kept")
                    person = Person(id=who.id, attributes=dict(who.attributes), weight=who.weight)
                except ValueError as error:
                    self._refuse(quarantine, number, reason_of(error))
                    continue
                seen.add((who.id, who.at or who.wave))
                for fault in who.faults:
                    self._refuse(quarantine, number, fault)
                yield person
                for column in columns:
                    yield from self._answers(column, batch, index, who, number, quarantine)
                for place, asked in texts:
                    if cell := batch.cells[place][index]:
                        yield from self._text(asked, cell, who, number, quarantine)

    def _answers(
        self, column: _Column, batch: Batch, index: int, who: Who, number: int, quarantine: Quarantine
    ) -> Iterator[MarkedItem]:
        cell = batch.cells[column.place][index]
        if cell:
            means = column.meanings.of(cell)
        elif column.plan.blank == "not ticked" and (
            column.gate is None or batch.cells[column.gate][index].strip() not in column.not_asked
        ):
            means = 0
        else:
            return
        if means.__class__ is str:
            self._refuse(quarantine, number, f"{shown(column.plan.name)}: {means}")
        elif means == MISSING:
            if cell.strip():
                self.counts.refused += 1
        elif isinstance(means, int):
            yield self._answer(column.questions[0], means, column.texts[0][means], who, number)
        elif isinstance(means, frozenset):
            for place, question in enumerate(column.questions):
                ticked = int(place in means)
                yield self._answer(question, ticked, column.texts[place][ticked], who, number)

    def _answer(self, question: Question, option: int, text: str, who: Who, number: int) -> MarkedItem:
        when = who.at or who.wave
        key = f"{question.id}@{when}" if when else question.id
        item = HistoryItem.model_construct(
            id=item_id(who.id, key), user=who.id, text=text, question=question.id, option=option, at=who.at
        )
        part = self._split.part(who.id, question.id) if self._split is not None else None
        return MarkedItem(item.read_at(self.file.source, number), part)

    def _text(self, asked: str, cell: str, who: Who, number: int, quarantine: Quarantine) -> Iterator[MarkedItem]:
        try:
            text = text_of(cell)
            if text:
                when = who.at or who.wave
                key = f"{asked}@{when}" if when else asked
                said = f'Asked "{asked}", wrote "{text}"'
                item = HistoryItem(id=item_id(who.id, key), user=who.id, text=said, at=who.at)
                yield MarkedItem(item.read_at(self.file.source, number), None)
        except ValueError as error:
            self._refuse(quarantine, number, f"{shown(asked)}: {reason_of(error)}")

    def _long(self, people: PeopleColumns, quarantine: Quarantine) -> Iterator[Question | Person | MarkedItem]:
        answers = LongAnswers(self.file, self.plan, self._places, known=self._as_stored)
        yield from answers.questions.values()
        seen: set[str] = set()
        last = ""
        given: set[str] = set()
        for batch in self.file.batches(quarantine):
            for index, number in enumerate(batch.rows):
                try:
                    who = people.of(batch.cells, index, number=number)
                    found = answers.of(batch.cells, index)
                    if found is None:
                        self.counts.refused += 1
                        continue
                    question, option, text = found
                    answer = self._answer(question, option, text, who, number)
                    if who.id != last:
                        last, given = who.id, set()
                    if answer.item.id in given:
                        raise ValueError(f"{shown(who.id)} answered {shown(question.id)} before; that one is kept")
                    given.add(answer.item.id)
                    person = Person(id=who.id, attributes=dict(who.attributes), weight=who.weight)
                except ValueError as error:
                    self._refuse(quarantine, number, reason_of(error))
                    continue
                if who.id not in seen:
                    seen.add(who.id)
                    for fault in who.faults:
                        self._refuse(quarantine, number, fault)
                    yield person
                yield answer

    def _column(self, plan: ColumnPlan) -> _Column:
        if plan.kind == "several":
            questions = [
                self._as_stored(
                    Question(
                        id=f"{plan.name}: {option}", text=f"{plan.asked} - {option}", options=(NO, YES), ordinal=(1, 2)
                    )
                )
                for option in plan.options
            ]
        else:
            question = self._question(plan)
            questions = [question]
            plan = plan.model_copy(update={"options": question.options})
        gate = plan.not_asked_when
        if gate is not None and gate.column not in self._places:
            raise ConfigError(f"not_asked_when of {plan.column!r}: no column {gate.column!r}")
        return _Column(
            place=self._places[plan.column],
            plan=plan,
            meanings=Meanings(plan),
            questions=questions,
            texts=[
                [f'Asked "{question.text}", answered "{option}"' for option in question.options]
                for question in questions
            ],
            gate=None if gate is None else self._places[gate.column],
            not_asked=frozenset() if gate is None else frozenset(gate.values),
        )

    def _question(self, plan: ColumnPlan) -> Question:
        try:
            return self._as_stored(Question(id=plan.name, text=plan.asked, options=plan.options, ordinal=plan.ordinal))
        except ValidationError as error:
            raise LoadError(f"column {shown(plan.column)}: {reason_of(error)}", source=self.file.source) from error

    def _as_stored(self, question: Question) -> Question:
        """Return the dataset's question of that id where it has all the options: another wave may lack some."""
        stored = self._stored.get(question.id)
        return stored if stored is not None and set(question.options) <= set(stored.options) else question

    def _refuse(self, quarantine: Quarantine, number: int, reason: str) -> None:
        quarantine(QuarantinedRow(source=self.file.source, row=number, reason=reason))
