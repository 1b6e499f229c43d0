"""What a baseline is: it returns a distribution for each test cell from everybody's known answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from persona_db.evals.answers import AnswerMatrix, Cells, Floats

__all__ = ["Baseline", "BaselinePrediction"]


@dataclass(frozen=True, eq=False)
class BaselinePrediction:
    """Tests x options (0 beyond a question's options), and the settings chosen on validation folds."""

    probabilities: Floats
    settings: Mapping[str, float]


class Baseline(Protocol):
    """Predicts *tests* from *answers* alone; the same seed gives the same numbers."""

    def __call__(self, answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction: ...
