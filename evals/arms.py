"""The arms of an evaluation: ways to fill the r places, and peers that need no places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from persona_db.chains.recall import RecallSettings
from persona_db.evals.peers import PEERS
from persona_db.graph.errors import ConfigError

__all__ = ["ARMS", "GRAPH_ARMS", "MODEL_ARMS", "check_arms"]

_Refilled = Callable[[RecallSettings], RecallSettings]


def _as_asked(asked: RecallSettings) -> RecallSettings:
    return asked


def _no_join(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0})


def _history(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0, "layers": frozenset({"history"})})


def _no_history(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"size": 0})


def _demographics(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0, "layers": frozenset({"cache"})})


GRAPH_ARMS: Mapping[str, _Refilled] = MappingProxyType(
    {"persona-db": _as_asked, "no-join": _no_join, "history": _history, "demographics": _demographics}
)
"""Arms that predict from the graph: everything on; r own items; r own raw answers; only the groups one belongs to.

All of them have the same base rates, links and calibration of the Fit, and differ in what fills the places.
"""

MODEL_ARMS: Mapping[str, _Refilled] = MappingProxyType({"no-history": _no_history})
"""Arms of a language model alone: what it knows by heart."""

ARMS: tuple[str, ...] = (*GRAPH_ARMS, *MODEL_ARMS, *PEERS)
"""Every arm there is."""


def check_arms(arms: tuple[str, ...], *, model: bool = False) -> None:
    """Stop with ConfigError at an arm there is not, one that needs a *model*, one named twice, or none."""
    for arm in arms:
        if arm not in ARMS:
            raise ConfigError(f"no arm {arm!r}; there are {', '.join(ARMS)}")
        if arm in MODEL_ARMS and not model:
            raise ConfigError(f"the arm {arm!r} is of a language model: name one with --model")
    if not arms or len(set(arms)) < len(arms):
        raise ConfigError("name each arm once, at least one, with commas between them")
