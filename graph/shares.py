"""What share of people chose each option of a question, counted by heads or by their survey weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import UnknownQuestionError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["OptionShare", "Shares", "shares"]


class OptionShare(Model):
    """One option of a question."""

    option: str
    people: int
    share: float | None = Field(description="Of all who answered; None where nobody did.")


class Shares(Model):
    """The options of a question in order."""

    dataset: str
    question: str
    weighted: bool
    people: int
    without_weight: int = Field(description="People without a weight; weighted shares count them as 1.")
    options: tuple[OptionShare, ...]


def shares(graph: Graph, question: str, *, dataset: str, weighted: bool = False) -> Shares:
    """Return what share of people chose each option, by their newest answer; people who share nothing are left out.

    With *weighted*, each counts as much as their survey weight says. UnknownQuestionError where there is no such
    question.
    """
    require_dataset(graph, dataset)
    rows = graph.read("shares_of", dataset=dataset, question=question)
    if not rows:
        raise UnknownQuestionError(question, dataset=dataset)
    sizes = [row["weight"] if weighted else float(row["people"]) for row in rows]
    total = sum(sizes)
    return Shares(
        dataset=dataset,
        question=question,
        weighted=weighted,
        people=sum(row["people"] for row in rows),
        without_weight=sum(row["unweighted"] for row in rows),
        options=tuple(
            OptionShare(option=row["option"], people=row["people"], share=size / total if total else None)
            for row, size in zip(rows, sizes, strict=True)
        ),
    )
