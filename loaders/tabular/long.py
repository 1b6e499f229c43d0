"""The answers of a table in long form: each row names a person, what they answered, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from persona_db.graph.errors import LoadError
from persona_db.graph.models import Question
from persona_db.loaders.rows import LONGEST_ID, ignore, shown
from persona_db.loaders.tabular.meanings import MISSING, Meanings
from persona_db.loaders.tabular.plan import TablePlan
from persona_db.loaders.tabular.table_file import TableFile, code_text

__all__ = ["LongAnswers"]


class LongAnswers:
    """The questions that the items of a table are, and the answers in its rows."""

    def __init__(
        self, file: TableFile, plan: TablePlan, places: Mapping[str, int], *, known: Callable[[Question], Question]
    ) -> None:
        [value] = plan.of("value")
        [item] = plan.of("item")
        if value.kind == "several" or not value.options:
            raise LoadError(f"column {value.column!r} has no options to choose from", source=file.source)
        self._plan = value
        self._value = places[value.column]
        self._item = places[item.column]
        self._meanings = Meanings(value)
        text = plan.of("item_text")
        self._text = places[text[0].column] if text else None
        self.questions: dict[str, Question] = {}
        for batch in file.batches(ignore):
            wordings = batch.cells[self._text] if self._text is not None else batch.cells[self._item]
            for raw, wording in dict(zip(batch.cells[self._item], wordings, strict=True)).items():
                id_ = code_text(raw)
                if id_ and len(id_) <= LONGEST_ID and "\0" not in id_ and id_ not in self.questions:
                    question = Question(
                        id=id_, text=wording.strip() or id_, options=value.options, ordinal=value.ordinal
                    )
                    self.questions[id_] = known(question)

    def of(self, cells: Sequence[Sequence[str]], index: int) -> tuple[Question, int, str] | None:
        """Return the question answered in a row, the option and the statement; None where the answer is missing.

        ValueError where the row names nothing, or its answer is no option.
        """
        id_ = code_text(cells[self._item][index])
        question = self.questions.get(id_)
        if question is None:
            raise ValueError(
                f"{shown(id_)} cannot be the id of what was answered" if id_ else "nothing is named that was answered"
            )
        cell = cells[self._value][index]
        means = self._meanings.of(cell) if cell else MISSING
        if isinstance(means, str):
            raise ValueError(f"{shown(question.id)}: {means}")
        if not isinstance(means, int) or means == MISSING:
            return None
        option = question.options.index(self._plan.options[means])
        return question, option, f'Asked "{question.text}", answered "{question.options[option]}"'
