"""persona-db segments: the groups of people who answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.chains.segments.report import SegmentPage, SegmentReport

__all__ = ["segments"]


def segments(
    segment: Annotated[
        str | None, typer.Argument(help="Id of one segment to show in full: 1, 2, ... or between.")
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the segments.")],
    people: Annotated[int, typer.Option(min=1, help="Most typical people shown of one segment.")] = 10,
    as_of: Annotated[str | None, typer.Option(help="Use the segments as they were at this date.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the segments as JSON.")] = False,
) -> None:
    """Show the groups of people who answer alike: their size, what they stand for, how they differ, who is typical. `refine --refit` makes them anew."""
    from persona_db.chains.segments import report
    from persona_db.cli.console import ARRAYS, connect, print_json, progress_bar, read_settings

    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        if segment is not None:
            page = report.segment(graph, dataset, segment, as_of=as_of, people=people)
            print_json(page) if as_json else _one(page)
            return
        found = report.segments(graph, dataset, as_of=as_of)
    print_json(found) if as_json else _all(found)


def _all(found: SegmentReport) -> None:
    from persona_db.cli.console import print_table

    if not found.segments:
        print(
            f"no segments: they are learned of 60 people or more by `persona-db refine --dataset {found.dataset} --refit`"
        )
        return
    print_table(
        ("segment", "name", "people", "share", "most typical"),
        [(one.segment, one.name, one.people, one.share, "; ".join(one.such_as)) for one in found.segments],
    )
    tried = ", ".join(f"{groups}: {stable:.2f} + {shape:.2f}" for groups, stable, shape in found.tried)
    print(
        f"\n{len(found.segments) - 1} groups, for which stability over halves of the people (adjusted Rand index) and "
        f"silhouette are largest together, a larger number only where it adds 0.05 ({tried})"
    )
    if found.few:
        print(f"{found.few:,} are in between for having answered too little")


def _one(page: SegmentPage) -> None:
    from persona_db.cli.console import print_table

    print(f"Segment {page.segment.segment}: {page.segment.name}, {page.segment.people:,} people\n")
    if page.answers:
        print_table(
            ("stands for", "share", "others", "z", "asked"),
            [(one.says, one.share, one.others, one.z, one.asked) for one in page.answers],
        )
        print()
    if page.differences:
        print_table(
            ("against", "differs on", "share", "theirs", "z"),
            [(one.other, one.says, one.share, one.other_share, one.z) for one in page.differences],
        )
        print()
    for note in page.notes:
        print(f"{note}\n")
    if page.people:
        print_table(
            ("most typical", "name", "typical", "clear"),
            [(one.user, one.name, one.typical, one.clear) for one in page.people],
        )
