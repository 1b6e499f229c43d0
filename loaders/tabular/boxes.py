"""Options that could be ticked, a column each, whose blank cells may mean `not ticked` or `not asked`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from persona_db.loaders.rows import ignore
from persona_db.loaders.tabular.plan import NO, YES, ColumnPlan, NotAsked
from persona_db.loaders.tabular.profile import ColumnProfile
from persona_db.loaders.tabular.table_file import TableFile
from persona_db.loaders.tabular.words import is_ticked

__all__ = ["boxes_among", "with_not_asked"]

_STEM = re.compile(r"(.+?)[\s_.:#\-\[(]*(\d{1,3}|SQ\d+|[a-z]|other)[\])]?$", re.IGNORECASE)
_LOOKED_AT = 20_000
_CANDIDATES = 60
_MOST_VALUES = 15
_CHANCE = 1e-6
"""So unlikely must it be that people who were asked ticked nothing, before they count as not asked."""


def boxes_among(
    profiles: Sequence[ColumnProfile], plans: Mapping[str, ColumnPlan], questions: Collection[str]
) -> dict[str, ColumnPlan]:
    """Return the plans of those columns of *questions* that are boxes: side by side, and each has one value or none."""
    found: dict[str, ColumnPlan] = {}
    for _, group in groupby(profiles, key=_group):
        members = [one for one in group if one.variable.name in questions]
        marked = [one for one in members if _mark(one)]
        if len(marked) < 2 or len(marked) < 0.6 * sum(bool(one.values) for one in members):
            continue
        for one in marked:
            mark = _mark(one)
            before = plans[one.variable.name]
            text = before.text
            if not text:
                text = one.variable.name if is_ticked(mark) else f"{_stem(one.variable.name)} - {mark}"
            found[one.variable.name] = ColumnPlan(
                column=one.variable.name, role="question", text=text, kind="ticked", options=(NO, YES), scale=(NO, YES),
                ticked=(mark,), missing=before.missing, blank="not ticked",
                guessed=("a blank cell is an option not ticked",),
            )  # fmt: skip
    return found


def with_not_asked(
    file: TableFile, plans: Mapping[str, ColumnPlan], profiles: Sequence[ColumnProfile]
) -> dict[str, ColumnPlan]:
    """Return the boxes again, with the answer elsewhere that shows who was not asked, where there is one.

    It is an answer, or a blank, to an earlier question or the next, of people none of whom ticked anything.
    """
    order = [profile.variable.name for profile in profiles]
    groups: dict[str, list[int]] = {}
    for place, profile in enumerate(profiles):
        plan = plans[profile.variable.name]
        if plan.kind == "ticked" and plan.blank == "not ticked":
            groups.setdefault(_group(profile), []).append(place)
    others = [
        place
        for place, profile in enumerate(profiles)
        if plans[order[place]].role in ("question", "attribute")
        and plans[order[place]].blank == "not asked"
        and not profile.many
        and len(profile.values) <= _MOST_VALUES
    ]
    near = {group: _near(places, others) for group, places in groups.items()}
    asked: dict[str, dict[int, Counter[str]]] = {group: {place: Counter() for place in near[group]} for group in groups}
    nothing = {group: {place: Counter[str]() for place in near[group]} for group in groups}
    rows = 0
    empty: Counter[str] = Counter()
    for batch in file.batches(ignore) if groups else ():
        for group, places in groups.items():
            none = [not any(cells) for cells in zip(*(batch.cells[place] for place in places), strict=True)]
            empty[group] += sum(none)
            for place in near[group]:
                column = batch.cells[place]
                asked[group][place].update(column)
                nothing[group][place].update(cell for cell, is_none in zip(column, none, strict=True) if is_none)
        rows += len(batch.rows)
        if rows >= _LOOKED_AT:
            break
    found: dict[str, ColumnPlan] = {}
    for group, places in groups.items():
        gate = _gate(asked[group], nothing[group], chance=empty[group] / rows if rows else 1.0)
        for place in places:
            plan = plans[order[place]]
            if gate is None:
                found[plan.column] = plan
                continue
            column, values = order[gate[0]], gate[1]
            said = " or ".join(repr(value) if value else "nothing" for value in values)
            note = f"not asked: whoever has {said} in {column!r}, of whom nobody ticked anything"
            found[plan.column] = plan.model_copy(
                update={"not_asked_when": NotAsked(column=column, values=values), "guessed": (*plan.guessed, note)}
            )
    return found


def _gate(
    asked: Mapping[int, Counter[str]], nothing: Mapping[int, Counter[str]], *, chance: float
) -> tuple[int, tuple[str, ...]] | None:
    best: tuple[int, int, tuple[str, ...]] | None = None
    for place, counts in asked.items():
        values = tuple(
            value
            for value, count in counts.items()
            if count >= 5 and nothing[place][value] == count and chance**count < _CHANCE
        )
        covered = sum(counts[value] for value in values)
        if values and (best is None or covered > best[0]):
            best = (covered, place, values)
    return None if best is None else (best[1], best[2])


def _near(places: Sequence[int], others: Iterable[int]) -> list[int]:
    """Return the columns that may show who was asked: those before, from the nearest, and a few after."""
    before = [place for place in others if place < places[0]]
    after = [place for place in others if place > places[-1]]
    return [*reversed(before[-_CANDIDATES:]), *after[:5]]


def _group(profile: ColumnProfile) -> str:
    return profile.variable.group or _stem(profile.variable.name)


def _stem(name: str) -> str:
    found = _STEM.fullmatch(name)
    return found[1] if found else name


def _mark(profile: ColumnProfile) -> str:
    """Return the only value of a column, slips of a few aside; '' where it has others or none."""
    values = profile.values
    if not values or profile.many:
        return ""
    value = max(values, key=values.__getitem__)
    if len(values) > 1 and (profile.filled - values[value] > 2 or profile.filled < 50):
        return ""
    return value if value == "1" or not value.lstrip("-").isdecimal() else ""
