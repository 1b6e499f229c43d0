"""Refinement and graph-retrieved prediction: functions, and the same as LangChain Runnables.

The functions share their modules' names, so they are bound here at once; what needs LangChain is loaded when asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from persona_db.chains.join import join
from persona_db.chains.neighbourhood import neighbourhood, widget
from persona_db.chains.predict import predict, predict_many
from persona_db.chains.reading import Reading, open_reading
from persona_db.chains.recall import RecallSettings, recall
from persona_db.chains.refine import RefineReport, refine

if TYPE_CHECKING:
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.models import LanguageModel, ModelSettings, open_model
    from persona_db.chains.pipeline import (
        Ask,
        Explain,
        Join,
        Joined,
        Predict,
        Recall,
        Recollection,
        persona_chain,
    )
    from persona_db.chains.retriever import PersonaRetriever
    from persona_db.chains.stages import Distil, Engine, Induce, Key

__all__ = [
    "Ask",
    "Distil",
    "Engine",
    "Explain",
    "Induce",
    "Join",
    "Joined",
    "Key",
    "LanguageEngine",
    "LanguageModel",
    "ModelSettings",
    "PersonaRetriever",
    "Predict",
    "Reading",
    "Recall",
    "RecallSettings",
    "Recollection",
    "RefineReport",
    "join",
    "neighbourhood",
    "open_model",
    "open_reading",
    "persona_chain",
    "predict",
    "predict_many",
    "recall",
    "refine",
    "widget",
]

_LATER = {
    "language.engine": ("LanguageEngine",),
    "language.models": ("LanguageModel", "ModelSettings", "open_model"),
    "pipeline": ("Ask", "Explain", "Join", "Joined", "Predict", "Recall", "Recollection", "persona_chain"),
    "retriever": ("PersonaRetriever",),
    "stages": ("Distil", "Engine", "Induce", "Key"),
}


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
