"""persona-db from Python: load histories, refine them, find collaborators, predict, and follow a prediction back.

A name is imported when it is first used, so that `import persona_db` needs no driver, NumPy or LangChain.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.chains.personas import Personas
    from persona_db.chains.prediction.predict import predict
    from persona_db.chains.prediction.trace import trace
    from persona_db.chains.refinement.refine import refine
    from persona_db.chains.retrieval.join import join
    from persona_db.chains.retrieval.recall import recall
    from persona_db.evals.evaluate import evaluate
    from persona_db.graph.session import Graph
    from persona_db.loaders.load import load

    __version__: str

__all__ = ["Graph", "Personas", "__version__", "evaluate", "join", "load", "predict", "recall", "refine", "trace"]

_HOMES = {
    "Graph": "graph.session",
    "Personas": "chains.personas",
    "evaluate": "evals.evaluate",
    "join": "chains.retrieval.join",
    "load": "loaders.load",
    "predict": "chains.prediction.predict",
    "recall": "chains.retrieval.recall",
    "refine": "chains.refinement.refine",
    "trace": "chains.prediction.trace",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("persona-db")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
