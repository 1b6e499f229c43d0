"""persona-db audit: count whether what the graph says of people is so."""

from __future__ import annotations

from typing import Annotated

import typer

from persona_db.cli.shares import Weighted

__all__ = ["audit"]

_SHOWN = 10


def audit(
    *,
    dataset: Annotated[str, typer.Option(help="Dataset to audit.")],
    weighted: Weighted = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Count for each cache key how many of its holders were asked and said what its name says.

    Ends with status 1 where a bound is broken: 85 % of those asked said it, 60 % in every key, at most 10 % were never
    asked, names have at most 60 characters, and no two keys have the same name.
    """
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings
    from persona_db.evals.audit import audit as audit_of

    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        found = audit_of(graph, dataset, weighted=weighted)
    if as_json:
        print_json({**found.model_dump(), "holds": found.holds})
    else:
        lowest = found.lowest
        print_table(
            (f"dataset {dataset}", "weighted" if weighted else "", ""),
            [
                ("keys", f"{found.keys:,}", f"{found.claiming:,} of them claim an answer of their holders"),
                (
                    "said by holders who were asked",
                    _percent(found.share_said),
                    f"lowest key {_percent(lowest.share)}: {lowest.name}" if lowest else "",
                ),
                ("never asked", _percent(found.share_never_asked), f"of {found.pairs:,} pairs of a holder and a claim"),
                ("longest name", f"{found.longest_name}", "characters"),
                ("names twice", f"{len(found.twice)}", "; ".join(found.twice[:3])),
            ],
        )
        for key in found.failing[:_SHOWN]:
            print(f"breaks a bound: {key.name} ({key.said} of {key.asked} asked said it)")
    if not found.holds:
        raise typer.Exit(1)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
