"""What makes vectors of texts, and what a vector must be before it is stored.

Neo4j leaves others out of its index without a word.
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
"""Of the vector indexes in cypher/schema/, and so of every vector stored."""

NORM_TOLERANCE = 1e-3


class Embedder(Protocol):
    """Turns texts into unit vectors; equal texts into equal ones."""

    @property
    def name(self) -> str:
        """Stored with a dataset, so that vectors of two models never meet."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
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
