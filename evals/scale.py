"""Where an option stands on its question's scale."""

from __future__ import annotations

from persona_db.graph.models import Question

__all__ = ["option_ranks"]


def option_ranks(question: Question) -> tuple[float | None, ...]:
    """Return each option's rank among the question's places, scaled to 0..1; None off the scale.

    Options of equal place share a rank. A question that is not ordinal, or has a single place, has no scale:
    all its options are off it.
    """
    places = sorted({place for place in question.ordinal if place is not None})
    if len(places) < 2:
        return (None,) * len(question.options)
    rank = {place: index / (len(places) - 1) for index, place in enumerate(places)}
    return tuple(None if place is None else rank[place] for place in question.ordinal)
