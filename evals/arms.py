"""The arms of an evaluation: ways to fill the r slots, and baselines that need no slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.evals.baselines import BASELINES
from persona_db.graph.errors import ConfigError

__all__ = ["ARMS", "FIT_ARMS", "GRAPH_ARMS", "MODEL_ARMS", "RANDOM_ARM", "check_arms", "places_of"]

EVERYTHING = 100_000
"""More slots than anybody has answers."""

_Refilled = Callable[[RecallSettings], RecallSettings]


def _as_asked(asked: RecallSettings) -> RecallSettings:
    return asked


def _no_join(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0})


def _history(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0, "layers": frozenset({"history"})})


def _no_distilled_items(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"layers": asked.layers - {"distilled"}})


def _no_induced_items(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"layers": asked.layers - {"induced"}})


def _recency(asked: RecallSettings) -> RecallSettings:
    return _history(asked).model_copy(update={"order": "newest"})


def _full_history(asked: RecallSettings) -> RecallSettings:
    return _recency(asked).model_copy(update={"size": EVERYTHING})


def _no_history(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"size": 0})


def _demographics(asked: RecallSettings) -> RecallSettings:
    return asked.model_copy(update={"ratio": 0.0, "layers": frozenset({"cache"})})


GRAPH_ARMS: Mapping[str, _Refilled] = MappingProxyType(
    {
        "persona-db": _as_asked,
        "no-join": _no_join,
        "no-distilled-items": _no_distilled_items,
        "no-induced-items": _no_induced_items,
        "history": _history,
        "recency": _recency,
        "full-history": _full_history,
        "demographics": _demographics,
    }
)
"""Arms that predict from the graph and differ in what fills the slots: own and borrowed items; own items only; no
items of one layer; own raw answers (the r most relevant, the r newest, or all); own demographics only.

All of them use the same base rates, links and calibration of the Fit.
"""

RANDOM_ARM = "random-collaborators"
"""The JOIN's collaborators and keys are replaced by random ones (`random_collaborators.py`)."""

FIT_ARMS: Mapping[str, EngineSettings] = MappingProxyType(
    {
        "no-distilled": EngineSettings(facts_distilled=0, stances_held=0, texts_a_term=0),
        "no-induced": EngineSettings(traits_held=0, terms_held=0),
    }
)
"""Arms that need another Fit: a layer is removed everywhere, with the cache keys that rest on it alone.

Base rates, links and latent traits of questions stay. A distilled text is one that supports a term of the vocabularies,
so that a Fit without induced terms has no distilled texts.
"""

MODEL_ARMS: Mapping[str, _Refilled] = MappingProxyType({"no-history": _no_history})
"""Arms of a language model alone: its parametric knowledge."""

ARMS: tuple[str, ...] = (*GRAPH_ARMS, RANDOM_ARM, *FIT_ARMS, *MODEL_ARMS, *BASELINES)
"""Every arm there is."""


def places_of(arm: str, asked: RecallSettings) -> RecallSettings:
    """Return the arm's recall settings; *asked* are those of `persona-db`, which has every kind of item."""
    return {**GRAPH_ARMS, **MODEL_ARMS}.get(arm, _as_asked)(asked)


def check_arms(arms: tuple[str, ...], *, model: bool = False, refined_by_model: bool = False) -> None:
    """ConfigError for no arm, an unknown one, one named twice, or one that does not go with the model.

    A layer can be removed everywhere only where the statistical engine refines.
    """
    for arm in arms:
        if arm not in ARMS:
            raise ConfigError(f"no arm {arm!r}; there are {', '.join(ARMS)}")
        if arm in MODEL_ARMS and not model:
            raise ConfigError(f"the arm {arm!r} is of a language model: name one with --model")
        if arm in FIT_ARMS and refined_by_model:
            raise ConfigError(f"the arm {arm!r} needs a Fit of the statistical engine: give --refined-by statistical")
    if not arms or len(set(arms)) < len(arms):
        raise ConfigError("name each arm once, at least one, with commas between them")
