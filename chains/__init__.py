"""Refinement and graph-retrieved prediction: functions, and the same as LangChain Runnables.

Names are loaded when they are asked for: a JOIN needs neither scipy nor LangChain.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.chains.engine import Engine
    from persona_db.chains.fit.snapshot import Reading, Snapshot, open_reading, open_snapshot
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.models import LanguageModel, open_model
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.chains.neighbourhoods import neighbourhood, widget
    from persona_db.chains.prediction.predict import predict, predict_many
    from persona_db.chains.refinement.refine import refine
    from persona_db.chains.refinement.report import RefineReport
    from persona_db.chains.retrieval.join import join
    from persona_db.chains.retrieval.recall import RecallSettings, recall
    from persona_db.chains.runnables.pipeline import (
        Ask,
        Explain,
        Join,
        Joined,
        Predict,
        Recall,
        Recollection,
        persona_chain,
    )
    from persona_db.chains.runnables.retriever import PersonaRetriever
    from persona_db.chains.runnables.stages import Distil, Induce, Key

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
    "Snapshot",
    "join",
    "neighbourhood",
    "open_model",
    "open_reading",
    "open_snapshot",
    "persona_chain",
    "predict",
    "predict_many",
    "recall",
    "refine",
    "widget",
]

_HOMES = {
    "fit.snapshot": ("Reading", "Snapshot", "open_reading", "open_snapshot"),
    "neighbourhoods": ("neighbourhood", "widget"),
    "prediction.predict": ("predict", "predict_many"),
    "refinement.refine": ("refine",),
    "refinement.report": ("RefineReport",),
    "retrieval.join": ("join",),
    "retrieval.recall": ("RecallSettings", "recall"),
    "engine": ("Engine",),
    "language.engine": ("LanguageEngine",),
    "language.models": ("LanguageModel", "open_model"),
    "language.settings": ("ModelSettings",),
    "runnables.pipeline": ("Ask", "Explain", "Join", "Joined", "Predict", "Recall", "Recollection", "persona_chain"),
    "runnables.retriever": ("PersonaRetriever",),
    "runnables.stages": ("Distil", "Induce", "Key"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
