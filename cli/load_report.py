"""The report of a load, as the command prints it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.loaders import LoadReport

__all__ = ["print_report"]


def print_report(report: LoadReport) -> None:
    """Print what was loaded, what was not and why, and on stderr that nothing was."""
    from persona_db.cli.console import one_line, print_table

    where = "" if report.empty else f"see {report.where}"
    rows = [
        ("questions", report.questions, ""),
        ("scales changed", report.scales_changed, "other places of the options: refine learns anew"),
        ("users", report.users, f"{report.users_changed:,} of them described anew" if report.users_changed else ""),
        ("items", report.items_read, f"{report.items_new:,} of them new"),
        ("replaced", report.items_replaced, "by newer ones, or withdrawn: refine learns anew"),
        ("contradicting", report.contradicting, "not loaded, since another answer is stored: quarantined"),
        ("ids given twice", report.items_renamed, "to answers to two questions: loaded under ids of their own"),
        ("texts", report.statements_new, "embedded now"),
        ("no opinion", report.refused, "refused, no answer or no vote: not loaded"),
        ("held out", report.skipped_test, "to be predicted: not loaded"),
        ("not in the split", report.not_in_split, "not loaded"),
        ("quarantined", report.quarantined, where if report.quarantined else ""),
    ]
    always = {"questions", "users", "items", "quarantined"}
    print_table((f"dataset {report.dataset}", "count", ""), [row for row in rows if row[1] or row[0] in always])
    for note in report.notes:
        print(f"note: {one_line(note)}")
    if report.composed:
        print(f"note: ids are stored in Unicode's form NFC, which these were not: {_listed(report.composed)}")
    for group in report.alike:
        print(f"ids that look alike: {_listed(group)}")
    if report.alike:
        more = report.alike_groups - len(report.alike)
        print(
            (f"... and {more:,} more; " if more else "")
            + f"`persona-db merge A B --dataset {one_line(report.dataset)}` makes A a part of B"
        )
    for bad in report.first_quarantined:
        place = f"{bad.source}, row {bad.row}" if bad.row else bad.source
        print(f"quarantined: {one_line(place)}: {one_line(bad.reason)}")
    if report.quarantined > len(report.first_quarantined):
        print(f"... and {report.quarantined - len(report.first_quarantined):,} more")
    if report.empty:
        print(
            f"persona-db: nothing of anybody could be loaded into dataset {one_line(report.dataset)!r}; "
            "correct what is listed above and load again",
            file=sys.stderr,
        )


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(repr(one) for one in ids)
