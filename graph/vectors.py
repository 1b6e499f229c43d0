"""The protocol of embedders, and the check of their vectors before they are stored.

Neo4j silently leaves vectors of another length or without direction out of its index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from persona_db.graph.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DIMENSION", "Embedder", "checked"]

DIMENSION = 384
"""Length of every stored vector, as the vector indexes in cypher/schema/ declare it."""

NORM_TOLERANCE = 1e-3


class Embedder(Protocol):
    """Turns texts into unit vectors; equal texts into equal ones."""

    @property
    def name(self) -> str:
        """Name of the model; a dataset stores it, so that it never holds vectors of two models."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit row for each text, in their order."""
        ...


def checked(vectors: NDArray[Any], *, count: int, dimension: int) -> NDArray[np.float32]:
    """Return *vectors* as float32; EmbeddingError unless they are *count* unit rows of *dimension* numbers."""
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    if rows.shape != (count, dimension):
        raise EmbeddingError(
            f"the embedding model gave an array of {rows.shape} for {count} texts; it must be {(count, dimension)}"
        )
    if not np.isfinite(rows).all():
        [bad] = np.argwhere(~np.isfinite(rows).all(axis=1))[0]
        raise EmbeddingError(f"the vector of text {bad} has numbers that are not finite; nothing was stored")
    norms = np.linalg.norm(rows, axis=1)
    if (off := np.abs(norms - 1) > NORM_TOLERANCE).any():
        [bad] = np.argwhere(off)[0]
        raise EmbeddingError(f"the vector of text {bad} has length {norms[bad]:.3g}, not 1; nothing was stored")
    return rows
