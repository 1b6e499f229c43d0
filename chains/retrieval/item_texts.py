"""The texts of recalled items."""

from __future__ import annotations

from collections.abc import Sequence

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.results import Context, Recalled

__all__ = ["with_texts"]


def with_texts(correlations: CorrelationModel, contexts: Sequence[Context]) -> list[Context]:
    """Return the contexts with the text of every item; two queries for all."""
    snapshot = correlations.snapshot
    items = {item.id for context in contexts for item in context.items if item.layer == "history"}
    facts = {item.id for context in contexts for item in context.items if item.layer in ("distilled", "induced")}
    found: dict[str, str] = {}
    if items:
        for row in snapshot.graph.read("item_texts", dataset=snapshot.dataset, ids=sorted(items)):
            found[row["id"]] = row["text"]
    if facts:
        for row in snapshot.graph.read("fact_texts", dataset=snapshot.dataset, fit=snapshot.fit, ids=sorted(facts)):
            found[row["id"]] = row["text"]
    return [
        context.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"text": found.get(item.id) or _key_text(correlations, item)})
                    for item in context.items
                )
            }
        )
        for context in contexts
    ]


def _key_text(correlations: CorrelationModel, item: Recalled) -> str:
    key = correlations.keys[str(item.key)]
    if item.source == "own":
        return f"{key.kind}: {key.name}"
    question = correlations.questions[str(item.question)]
    total = sum(item.counts) or 1
    shares = ", ".join(
        f"{100 * count // total} % {option!r}"
        for option, count in zip(question.options, item.counts, strict=True)
        if count
    )
    return f"Of about {total} who hold {key.name!r}: {shares}"
