"""The rows of an evaluation: test items, each arm's outcomes, and the file in which they are written first."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import numpy as np
from pydantic import Field, JsonValue, ValidationError, model_validator

from persona_db.chains.results import Said
from persona_db.graph.errors import LoadError
from persona_db.graph.models import Model

__all__ = ["Outcome", "OutcomeFile", "RunHeader", "TestItem", "outcome_of", "read_outcomes", "sha256_of"]

Status = Literal["ok", "unparsed", "abstained"]
_ABSTAINED = ("refused", "empty")


class TestItem(Model):
    """A held-out answer that is to be predicted."""

    __test__ = False  # its name is not a test's

    user: str
    question: str
    option: int = Field(ge=0, description="Index of the true answer among the question's options.")


class Outcome(Model):
    """One arm's prediction of one test item, and the true answer."""

    arm: str
    user: str
    question: str
    truth: int = Field(ge=0, description="Index of the true answer.")
    probabilities: tuple[float, ...] | None = Field(
        description="A distribution over the options; None where there is none."
    )
    answer: int | None = Field(description="Index of the predicted option; None when missing or unparsable.")
    items: int = Field(default=0, ge=0, description="Recalled items that the prediction was given.")
    tokens: int = Field(default=0, ge=0, description="Tokens of a language model, in and out.")
    status: Status = "ok"
    said: Said = Field(
        default="answered", description="Kind of a language model's reply, where it is none of the options."
    )

    @model_validator(mode="after")
    def _status_matches_answer(self) -> Outcome:
        if (self.status == "ok") != (self.answer is not None):
            raise ValueError(f"status {self.status!r} with answer {self.answer!r}")
        if self.probabilities is not None:
            if self.answer is None:
                raise ValueError("probabilities without an answer")
            if any(not 0.0 <= p <= 1.0 + 1e-9 for p in self.probabilities) or abs(sum(self.probabilities) - 1) > 1e-6:
                raise ValueError("probabilities are not 0 to 1 with the sum 1")
        return self


def outcome_of(
    arm: str,
    item: TestItem,
    probabilities: Sequence[float] | None,
    *,
    items: int = 0,
    tokens: int = 0,
    answer: int | None = None,
    said: Said = "answered",
) -> Outcome:
    """Return the outcome of a distribution over the options; by default the answer is the likeliest, first of equals.

    The status is `unparsed` without a distribution, or with one that is not finite or sums to 0, and `abstained` where
    a model refused or returned nothing. A sum other than 1 is scaled.
    """
    weights = np.asarray([] if probabilities is None else probabilities, dtype=float)
    usable = bool(weights.size) and bool(np.isfinite(weights).all()) and weights.min() >= 0 and weights.sum() > 0
    return Outcome(
        arm=arm,
        user=item.user,
        question=item.question,
        truth=item.option,
        probabilities=tuple((weights / weights.sum()).tolist()) if usable else None,
        answer=(int(weights.argmax()) if answer is None else answer) if usable else None,
        items=items,
        tokens=tokens,
        status="ok" if usable else "abstained" if said in _ABSTAINED else "unparsed",
        said=said,
    )


class RunHeader(Model):
    """The origin of a file of outcomes: enough to repeat the run, and to compute every measure from the file alone."""

    dataset: str
    split: str
    command: str = Field(description="The command line that reproduces the run.")
    seed: int
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    data: dict[str, str] = Field(default_factory=dict, description="File name -> SHA-256 of its bytes.")
    ranks: dict[str, tuple[float | None, ...]] = Field(
        description="Question -> each option's rank on its scale as 0..1, None off the scale."
    )
    unanswered: tuple[str, ...] = Field(default=(), description="Questions that nobody answered in the history.")
    by: str | None = Field(default=None, description="The attribute that people are grouped by, if any.")
    groups: dict[str, str] = Field(default_factory=dict, description="User -> their value of it.")


class OutcomeFile:
    """A JSONL file of outcomes, its first line the header; gzipped when its name ends in .gz."""

    def __init__(self, path: Path, header: RunHeader) -> None:
        self._path = path
        self._header = header
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open(self._path, "w")
        self._file.write(self._header.model_dump_json() + "\n")
        return self

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Append *outcomes*; they are on disk when it returns, so that a killed run keeps what it has paid for."""
        if self._file is None:
            raise ValueError("the file is not open; use it in a with statement")
        self._file.writelines(outcome.model_dump_json() + "\n" for outcome in outcomes)
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def read_outcomes(path: Path) -> tuple[RunHeader, dict[str, list[Outcome]]]:
    """Return the header and the outcomes of each arm, both in the order of the file."""
    arms: dict[str, list[Outcome]] = {}
    row = 1
    try:
        with _open(path, "r") as lines:
            header = RunHeader.model_validate_json(next(lines, ""))
            for row, line in enumerate(lines, start=2):  # noqa: B007  (named in the error)
                outcome = Outcome.model_validate_json(line)
                arms.setdefault(outcome.arm, []).append(outcome)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise LoadError(f"no outcome of an evaluation: {wrong}", source=str(path), row=row) from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise LoadError(f"cannot be read: {error}", source=str(path)) from error
    return header, arms


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open(path: Path, mode: Literal["r", "w"]) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt" if mode == "r" else "wt", encoding="utf-8", newline="\n")
    return path.open(mode, encoding="utf-8", newline="\n")
