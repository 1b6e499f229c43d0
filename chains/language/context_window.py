"""Histories longer than a model's context, cut into parts that fit; every text is in one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from persona_db.chains.language.models import LanguageModel
from persona_db.graph.errors import ModelConfigError
from persona_db.graph.models import HistoryItem

__all__ = ["halved", "in_parts", "items_in_parts", "room_for"]

T = TypeVar("T")
_CITATION_TOKENS = 5
_LEAST_ROOM = 128
_MOST_REPAIR = 1_500
_LEAST_TEXT = 64


def room_for(model: LanguageModel, *, frame: int) -> int:
    """Return how many tokens of texts a prompt may quote, beside *frame* tokens of its own.

    The answer and a repair, which shows an answer again, keep their share of the context.
    """
    out = model.settings.max_tokens_out
    room = model.context_tokens - out - frame - min(out + 200, _MOST_REPAIR, model.context_tokens // 6)
    if room < _LEAST_ROOM:
        raise ModelConfigError(
            f"a context of {model.context_tokens} tokens leaves {model.name} no room to read; "
            "set a larger context_tokens or a smaller max_tokens_out"
        )
    return room


def items_in_parts(
    items: Sequence[HistoryItem], *, count: Callable[[str], int], room: int
) -> list[tuple[HistoryItem, ...]]:
    """Return the items in parts of *room* tokens at most, in their order; one that is longer is cut between words.

    The pieces of an item that is cut keep its id.
    """
    pieces = []
    for item in items:
        tokens = count(item.text) + _CITATION_TOKENS
        pieces += [item] if tokens <= room else _cut(item, parts=-(-tokens // max(room - _CITATION_TOKENS, 1)))
    return in_parts(pieces, size=lambda item: count(item.text) + _CITATION_TOKENS, room=room)


def in_parts(things: Sequence[T], *, size: Callable[[T], int], room: int) -> list[tuple[T, ...]]:
    """Return *things* in parts whose sizes sum to *room* at most, in their order; one that is larger is alone."""
    parts: list[tuple[T, ...]] = []
    part: list[T] = []
    left = room
    for thing in things:
        needed = size(thing)
        if part and needed > left:
            parts.append(tuple(part))
            part, left = [], room
        part.append(thing)
        left -= needed
    return [*parts, tuple(part)] if part else parts


def halved(items: Sequence[HistoryItem]) -> list[tuple[HistoryItem, ...]]:
    """Return the items in two parts, a single one cut in two; nothing when it can't be cut further."""
    if len(items) > 1:
        middle = len(items) // 2
        return [tuple(items[:middle]), tuple(items[middle:])]
    if items and len(items[0].text) >= 2 * _LEAST_TEXT:
        return [(piece,) for piece in _cut(items[0], parts=2)]
    return []


def _cut(item: HistoryItem, *, parts: int) -> list[HistoryItem]:
    """Cut an item's text between words into about so many pieces of one length."""
    text, start = item.text, 0
    length = max(len(text) // parts, _LEAST_TEXT)
    pieces = []
    while start < len(text):
        end = start + length
        if end < len(text):
            between = text.rfind(" ", start + length // 2, end)
            end = between if between > start else end
        piece = text[start:end].strip()
        if piece:
            pieces.append(item.model_copy(update={"text": piece}))
        start = end
    return pieces
