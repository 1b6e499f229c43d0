"""Items with their mark in a split, and what of them is loaded or held out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from persona_db.graph.models import HistoryItem
from persona_db.loaders.rows import normalised
from persona_db.loaders.source import Counts, HeldOut, Record
from persona_db.loaders.split import Part

__all__ = ["MarkedItem", "held_out", "loaded"]


class MarkedItem(NamedTuple):
    """An item with its mark in the split."""

    item: HistoryItem
    part: Part | None


def loaded(
    records: Iterable[Record | MarkedItem], counts: Counts, texts: Collection[tuple[str, str]] | None
) -> Iterator[Record]:
    """Yield what is loaded: without a split, where *texts* is None, everything, else what is not held out.

    *texts* are (user, text) of held-out answers: a free item of the same text would give the answer away. What is not
    loaded is counted.
    """
    for record in records:
        if not isinstance(record, MarkedItem):
            yield record
            continue
        item, part = record
        if texts is not None:
            if item.question is None:
                if (item.user, normalised(item.text)) in texts:
                    counts.skipped_test += 1
                    continue
            elif not counts.keeps(part):
                continue
        yield item


def held_out(records: Iterable[Record | MarkedItem]) -> Iterator[HeldOut]:
    """Yield the answers that the split marks `test`."""
    for record in records:
        if isinstance(record, MarkedItem) and record.part == "test":
            item = record.item
            if item.question is not None and item.option is not None:
                yield HeldOut(item.user, item.question, item.option, item.at)
