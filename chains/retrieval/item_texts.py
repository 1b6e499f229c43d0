"""The texts of recalled items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.results import Context, Recalled
from persona_db.graph.attributes import value_label

__all__ = ["marked", "with_texts"]

_LIKELIEST = 3  # options that all answers together are said to speak for


def marked(item: Recalled) -> str:
    """Return an item's text with whose it is before it: said by the person, known of them, or of others.

    >>> marked(Recalled(id="1", source="own", layer="history", text="For a town pool", score=1, at="2025-03-01"))
    'They said (2025-03-01): For a town pool'
    """
    when = f" ({item.at[:10]})" if item.at else ""
    if item.source == "summary":
        return f"Others like them: {item.text}"
    if item.source == "collaborator":
        return f"Somebody like them, not they themselves, said{when}: {item.text}"
    if item.layer == "cache":
        return f"They are: {item.text}"
    if item.layer == "induced":
        return f"Known of them: {item.text}"
    return f"They said{when}: {item.text}"


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
                    item.model_copy(update={"text": _text(correlations, context, item, found)})
                    for item in context.items
                )
            }
        )
        for context in contexts
    ]


def _text(correlations: CorrelationModel, context: Context, item: Recalled, found: Mapping[str, str]) -> str:
    text = found.get(item.id) or _key_text(correlations, item)
    if not item.chances:
        return text
    likeliest = sorted(zip(item.chances, context.question.options, strict=True), key=lambda one: -one[0])[:_LIKELIEST]
    told = ", ".join(f"{chance:.0%} {option!r}".replace("%", " %", 1) for chance, option in likeliest)
    return f"{text}: {told}"


def _key_text(correlations: CorrelationModel, item: Recalled) -> str:
    key = correlations.keys[str(item.key)]
    name = value_label(key.name, key.kind)
    if item.source == "own":
        return name if key.kind == "demographic" else f"{key.kind}: {name}"
    question = correlations.questions[str(item.question)]
    shares = ", ".join(
        f"{share} % {option!r}" for option, share in zip(question.options, item.shares, strict=True) if share
    )
    return f"Of about {item.holders} who hold {name!r}: about {shares}"
