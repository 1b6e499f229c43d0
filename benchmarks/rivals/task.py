"""What every system is given: who said what, what is asked, and the people with whom it is tried what it can do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Answer", "Item", "Probe", "Question", "Task", "read", "write"]


@dataclass(frozen=True)
class Item:
    """One thing that somebody said."""

    person: str
    text: str


@dataclass(frozen=True)
class Answer:
    """Whether somebody agrees with a statement, for a system that takes answers; for the others `Item` says it."""

    person: str
    statement: str
    agrees: bool


@dataclass(frozen=True)
class Question:
    """What is asked about somebody, and the text that answers it."""

    person: str
    text: str
    answer: str


@dataclass(frozen=True)
class Probe:
    """Three people: two who hold the same opinions, and a stranger who holds the opposite ones.

    The one who is asked about never said what the question is about; the other two did, the stranger in words that are
    nearer to the question. `items` are what the three said; `answers` are the same opinions, with those of others.
    """

    asked: str
    alike: str
    stranger: str
    items: tuple[Item, ...]
    answers: tuple[Answer, ...]
    message: str
    """Something said of which a language model makes a fact in other words."""
    question: str
    said_by_alike: str
    said_by_stranger: str


@dataclass(frozen=True)
class Task:
    """Items, questions and the probe of one size; the same for the same size and seed."""

    items: tuple[Item, ...]
    questions: tuple[Question, ...]
    probe: Probe


def write(task: Task, file: Path) -> None:
    """Write *task* as JSON, for the process that is measured."""
    file.write_text(json.dumps(asdict(task), ensure_ascii=False), encoding="utf-8")


def read(file: Path) -> Task:
    """Return the task that `write` wrote."""
    told = json.loads(file.read_text(encoding="utf-8"))
    probe = told["probe"]
    return Task(
        items=tuple(Item(**item) for item in told["items"]),
        questions=tuple(Question(**question) for question in told["questions"]),
        probe=Probe(
            **{
                **probe,
                "items": tuple(Item(**item) for item in probe["items"]),
                "answers": tuple(Answer(**answer) for answer in probe["answers"]),
            }
        ),
    )
