"""Reading the segments of a Fit: who they are, what they stand for, how they differ, and who is typical."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "LEAST_ASKED", "Difference", "Segment", "SegmentPage", "SegmentReport", "Told", "TypicalPerson", "segment",
    "segments",
]  # fmt: skip

LEAST_ASKED = 5
"""People of each of two segments who were asked, for their difference to be told."""
_DIFFERENCES = 5
_MOST = 100
_BETWEEN = "between"


class Segment(Model):
    """A group of people who answer alike, or those in between."""

    segment: str = Field(description="`1` for the largest, `between` for people in none.")
    name: str
    people: int = Field(description="Of whom the Fit was learned.")
    share: float = Field(description="Of these people, by their survey weights.")
    stands_for: tuple[str, ...] = Field(description="The first of its representative answers.")
    such_as: tuple[str, ...] = Field(description="Its most typical people.")


class SegmentReport(Model):
    """The segments of a Fit, and why there are that many."""

    dataset: str
    fit: str
    as_of: str | None
    stability: float | None = Field(description="Adjusted Rand index between groups found in two halves; None: none.")
    silhouette: float | None
    tried: tuple[tuple[int, float, float], ...] = Field(description="(groups, stability, silhouette) of each number.")
    few: int = Field(description="People in between for having answered too little.")
    segments: tuple[Segment, ...]


class Told(Model):
    """An answer that sets a segment apart."""

    question: str
    says: str
    share: float = Field(description="Of those of the segment who were asked, by survey weights.")
    others: float = Field(description="Of everybody else who was asked.")
    ratio: float
    z: float = Field(description="Polis' test of the difference of two proportions.")
    asked: int = Field(description="People of the segment who were asked.")


class Difference(Model):
    """An answer that tells a segment from another."""

    other: str
    question: str
    says: str
    share: float
    other_share: float
    z: float


class TypicalPerson(Model):
    """A person of a segment, and how much of what it stands for they say."""

    user: str
    name: str
    typical: float
    clear: float = Field(description="1 at the segment's centre or beyond, 0 on its border.")


class SegmentPage(Model):
    """One segment in full."""

    dataset: str
    fit: str
    segment: Segment
    answers: tuple[Told, ...]
    differences: tuple[Difference, ...]
    people: tuple[TypicalPerson, ...]
    notes: tuple[str, ...] = Field(default=(), description="Why something is missing that one would look for.")


def segments(graph: Graph, dataset: str, *, as_of: str | None = None) -> SegmentReport:
    """Return the segments of the current Fit, or of the newest Fit of items up to *as_of*, the largest first.

    People in between come last. There are none where a Fit was made of fewer than 60 people, or before segments
    were. NoFitError when the dataset has no Fit.

    >>> report = segments(graph, "town")
    >>> [one.segment for one in report.segments][-1:]
    ['between']
    """
    return _report(open_snapshot(graph, dataset, as_of=as_of), as_of)


def _report(snapshot: Snapshot, as_of: str | None) -> SegmentReport:
    graph, dataset, fit = snapshot.graph, snapshot.dataset, snapshot.fit
    rows = graph.read("segments", dataset=dataset, of_fit=fit)
    about = graph.read("segmentation", dataset=dataset, fit=fit)[0]["about"]
    said = json.loads(about) if about else {}
    return SegmentReport(
        dataset=dataset, fit=fit, as_of=as_of, stability=said.get("stability"),
        silhouette=said.get("silhouette"), tried=tuple(map(tuple, said.get("tried", ()))), few=said.get("few", 0),
        segments=tuple(Segment(**row) for row in rows),
    )  # fmt: skip


def segment(graph: Graph, dataset: str, name: str, *, as_of: str | None = None, people: int = 10) -> SegmentPage:
    """Return one segment by its id: what it stands for, how it differs from each other, and who is most typical.

    ConfigError when there is none of that id.
    """
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    report = _report(snapshot, as_of)
    found = {one.segment: one for one in report.segments}
    if name not in found:
        raise ConfigError(
            f"dataset {dataset!r} has no segment {name!r}; `persona-db segments` lists {', '.join(found) or 'none'}"
        )
    scope = {"dataset": dataset, "of_fit": report.fit}
    answers = graph.read("segment_answers", **scope, segment=name, limit=_MOST)
    typical = graph.read("typical_people", **scope, segment=name, as_of=snapshot.as_of, skip=0, limit=people)
    differences = [
        Difference(
            other=other, question=row["question"], says=row["says"], share=row["first_share"],
            other_share=row["second_share"], z=row["z"],
        )
        for other in found
        if other not in (name, _BETWEEN)
        for row in graph.read(
            "segments_differ", **scope, segment=name, other=other, least=LEAST_ASKED, limit=_DIFFERENCES
        )
    ]  # fmt: skip
    return SegmentPage(
        dataset=dataset, fit=report.fit, segment=found[name], answers=tuple(Told(**row) for row in answers),
        differences=tuple(differences), people=tuple(TypicalPerson(**row) for row in typical),
        notes=tuple(_notes(found, name, stands=bool(answers), differs={one.other for one in differences})),
    )  # fmt: skip


def _notes(found: Mapping[str, Segment], name: str, *, stands: bool, differs: Set[str]) -> Iterator[str]:
    """Yield why a segment stands for nothing, and why it can't be told from others."""
    between = name == _BETWEEN
    if between and not found[name].people:
        yield "Nobody is in between: everybody is in a group, so that there is nothing to compare."
        return
    if between:
        yield "People in between stand for nothing together: they are near a border of two groups, or said little."
    elif not stands:
        yield "No answer sets it apart: none is given by most of it, and by clearly more of it than of the others."
    alike = [one for one in found if one not in (name, _BETWEEN) and one not in differs]
    if alike:
        yield (
            f"How it differs from {' and '.join(alike)} can't be told: no question was answered by {LEAST_ASKED} "
            "people or more of both."
        )
