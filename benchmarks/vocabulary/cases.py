"""The labelled cases: sentences of our own, and judgements on texts that are not in the repository."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_db.chains.fit.lexicon import Lexicon
from persona_db.chains.fit.vocabulary import VOCABULARY

__all__ = ["EXAMPLES", "JUDGED", "Case", "Found", "examples", "found", "given", "judged", "texts_of"]

EXAMPLES = Path(__file__).with_name("examples.csv")
JUDGED = Path(__file__).with_name("judged_chatbot_opinions.csv")


@dataclass(frozen=True)
class Case:
    """Whether a text speaks for a term, and what the case is for: thresholds are chosen by `choose` alone."""

    term: str
    text: str
    right: bool
    use: str


@dataclass(frozen=True)
class Found:
    """A case with the score that its text has for its term."""

    case: Case
    score: float


def examples(path: Path = EXAMPLES) -> list[Case]:
    """Return the labelled sentences."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Case(row["term"], row["text"], row["about"] == "1", row["use"]) for row in csv.DictReader(file)]


def judged(path: Path, texts: Mapping[str, str]) -> list[Case]:
    """Return the judged cases of a file that names texts by id, with the words of *texts*; others are passed over."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["text"] in texts]
    return [Case(row["term"], texts[row["text"]], row["right"] == "1", row["use"]) for row in rows]


def texts_of(path: Path) -> dict[str, str]:
    """Return the texts of a file in RFPN's layout by their ids: people's histories, or a list of their answers."""
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = [row for own in data.values() for row in own] if isinstance(data, dict) else data
    return {row["tweet_id"]: row["text"] for row in rows}


def found(cases: Sequence[Case], lexicon: Lexicon) -> list[Found]:
    """Return the cases with their scores."""
    column = {term.name: at for at, term in enumerate(VOCABULARY)}
    scores = lexicon.scores([case.text for case in cases])
    return [Found(case, float(row[column[case.term]])) for case, row in zip(cases, scores, strict=True)]


def given(texts: Mapping[str, str], lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """Yield the id of each text and each term that it gets."""
    for name, row in zip(texts, lexicon.weights(list(texts.values())), strict=True):
        yield from ((name, term.name) for term, weight in zip(VOCABULARY, row, strict=True) if weight > 0)
