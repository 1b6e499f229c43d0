"""What questions and their answers are called: given by a source, by a person or by a language model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.models import Model
from persona_db.graph.names import LabelledBy, OptionDirection, QuestionContent

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["LONGEST_LABEL", "LONGEST_STANCE", "Label", "store_labels", "unread"]

LONGEST_LABEL = LONGEST_STANCE = 60
"""Characters."""


class Label(Model):
    """What a question is called, and what each of its options stands for; what is empty says nothing."""

    question: str = Field(description="Id of the question.")
    label: str = ""
    stances: tuple[str, ...] = Field(default=(), description="One for each option in order; empty or none: not given.")
    directions: tuple[OptionDirection, ...] = Field(default=(), description="As `stances`.")
    content: QuestionContent | None = None


def store_labels(
    graph: Graph, dataset: str, labels: Iterable[Label], *, by: LabelledBy, read_by: str | None = None
) -> int:
    """Store labels, and return how many questions have another one now; what is empty leaves the stored one.

    What a person gave is kept when others come from elsewhere, and what a source gave when a model reads. Names of
    cache keys follow with the next Fit (`refine --refit`). *read_by* names the model and the prompts that read them;
    `unread` leaves out what it read before. UnknownDatasetError when there is no such dataset.
    """
    require_dataset(graph, dataset)
    rows = [
        {
            "question": one.question,
            "label": one.label or None,
            "stances": list(one.stances) or None,
            "directions": list(one.directions) or None,
            "content": one.content,
        }
        for one in labels
    ]
    changed = 0
    for start in range(0, len(rows), graph.settings.batch_size):
        chunk = rows[start : start + graph.settings.batch_size]
        changed += graph.write("store_labels", dataset=dataset, rows=chunk, by=by, read_by=read_by)[0]["changed"]
    return changed


def unread(graph: Graph, dataset: str, *, read_by: str) -> list[str]:
    """Return the ids of the questions that neither a person nor a source named, and *read_by* not read."""
    require_dataset(graph, dataset)
    return [row["id"] for row in graph.read("unread_questions", dataset=dataset, read_by=read_by)]
