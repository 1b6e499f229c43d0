"""What a peer is: a distribution for each test cell, from the known answers of everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from persona_db.evals.answers import AnswerMatrix, Cells, Floats

__all__ = ["Peer", "PeerPrediction"]


@dataclass(frozen=True, eq=False)
class PeerPrediction:
    """Tests x options (0 beyond a question's options), and the settings chosen on inner folds."""

    probabilities: Floats
    settings: Mapping[str, float]


class Peer(Protocol):
    """Predicts *tests* from *answers* alone; the same seed gives the same numbers."""

    def __call__(self, answers: AnswerMatrix, tests: Cells, *, seed: int) -> PeerPrediction: ...
