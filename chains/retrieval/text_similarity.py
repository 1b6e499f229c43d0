"""Recall by text similarity: for texts that answer no question, and facts that are no pole of a trait."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.chains.fit.correlations import CorrelationModel

__all__ = ["TextSimilarity"]

_STATEMENTS_AT_ONCE = 20_000


class TextSimilarity:
    """The relevance of texts to questions, from the cosine similarity of the two; each pair is read once."""

    def __init__(self, correlations: CorrelationModel) -> None:
        self._correlations = correlations
        self._cosines: dict[tuple[str, str], float] = {}
        self._read: set[tuple[str, str]] = set()

    def fetch(self, wanted: Mapping[str, Collection[str]]) -> None:
        """Read the cosines of statements (ids) with questions (ids); questions without a vector are skipped."""
        pairs = [
            (question, statement)
            for question, statements in wanted.items()
            if question in self._correlations.vectors
            for statement in sorted(statements)
            if (question, statement) not in self._read
        ]
        self._read.update(pairs)
        for start in range(0, len(pairs), _STATEMENTS_AT_ONCE):
            self._fetch(pairs[start : start + _STATEMENTS_AT_ONCE])

    def _fetch(self, pairs: Collection[tuple[str, str]]) -> None:
        snapshot, vectors = self._correlations.snapshot, self._correlations.vectors
        statements: dict[str, list[str]] = {}
        for question, statement in pairs:
            statements.setdefault(question, []).append(statement)
        rows = [
            {"question": question, "vector": vectors[question].tolist(), "statements": ids}
            for question, ids in statements.items()
        ]
        for row in snapshot.graph.read("likeness", dataset=snapshot.dataset, rows=rows):
            self._cosines.update({(row["question"], statement): cosine for statement, cosine in row["cosines"]})

    def relevance(self, question: str, statement: str) -> float:
        """Return the relevance of a text to a question, on the scale of correlations; 0 for a text without a vector."""
        return self._correlations.relevance_by_similarity(self._cosines.get((question, statement), 0.0))
