"""Makes one user a part of another, or renames a user."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.contradictions import Contradiction
from persona_db.graph.erase_item import erase_items
from persona_db.graph.errors import ConfigError
from persona_db.graph.ids import answer_occasion, derived_item_key, item_id
from persona_db.graph.ingest import quarantine_rows
from persona_db.graph.models import Model, QuarantinedRow
from persona_db.graph.names import Sharing
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["MergeReceipt", "merge_users"]

log = logging.getLogger(__name__)

Row = Mapping[str, Any]


class MergeReceipt(Model):
    """What became of a user who was merged into another."""

    dataset: str
    user: str = Field(description="Who is no longer there.")
    into: str = Field(description="Who has their items now.")
    renamed: bool = Field(description="There was nobody of the other id before.")
    items: int = Field(description="Items that moved.")
    repeated: int = Field(description="Items that the other one had as well; there is one of each now.")
    contradicting: tuple[Contradiction, ...] = Field(
        description="Answers that the other one had given otherwise; theirs stay, and these are in quarantine."
    )
    quarantined: int = Field(description="Quarantined rows that are the other one's now.")
    sharing: Sharing = Field(description="What the other one shares now: the lower of the two levels.")
    refit_needed: bool = Field(description="Nothing is refined of the two until the next refit.")


def merge_users(graph: Graph, dataset: str, user: str, into: str) -> MergeReceipt:
    """Give the items of *user* to *into*, who is made where there is nobody of that id, and remove *user*.

    An answer stays with *into* as they gave it where both answered the same question with the same date, or with
    none. Names and attributes of *into* stay, and those that only *user* has are added. What was derived of the two is
    removed, in one transaction, and the dataset needs a refit. A source that has the old id brings *user* back.
    """
    if user == into:
        raise ConfigError(f"{user!r} cannot be merged into themselves")
    gone = require_user(graph, dataset, user)
    known = {row["id"]: row for row in graph.read("known_users", dataset=dataset, ids=[user, into])}
    other = known.get(into)
    theirs = graph.read("items_of", dataset=dataset, user=into)
    moved, dropped, contradicting = _placed(graph.read("items_of", dataset=dataset, user=user), theirs, user, into)
    kept = _joined(known[user], other or {**known[user], "id": into}, gone.sharing)
    rows = [
        QuarantinedRow(
            source="merge", row=0, user=into,
            reason=f"{user!r} answered option {one.given} of {one.question!r}, {into!r} {one.stored} ({one.why})",
        )
        for one in contradicting
    ]  # fmt: skip
    with graph.transaction() as work:
        work.run("store_people", dataset=dataset, rows=[kept])
        told = [said for name in (user, into) for said in work.run("erase_facts", dataset=dataset, user=name)]
        work.run("release_keys", dataset=dataset, user=into)
        work.run("move_items", dataset=dataset, user=user, into=into, rows=moved)
        erased = erase_items(work, dataset, dropped)
        work.run("erase_unsaid", dataset=dataset, ids=sorted({id_ for said in told for id_ in said["statements"]}))
        [left] = work.run("move_records", dataset=dataset, user=user, into=into)
        work.run("erase_user", dataset=dataset, user=user)
        work.run("store_quarantine", dataset=dataset, rows=quarantine_rows(rows))
    log.info("merged a user of dataset %s into another with %s items", dataset, len(moved))
    return MergeReceipt(
        dataset=dataset, user=user, into=into, renamed=other is None, items=len(moved),
        repeated=erased["items"] - len(contradicting), contradicting=tuple(contradicting),
        quarantined=left["quarantined"], sharing=Sharing(kept["sharing"]), refit_needed=True,
    )  # fmt: skip


def _joined(gone: Row, there: Row, shared: Sharing) -> dict[str, Any]:
    """Return the row of the one who stays, with what only the other had."""
    attributes = {**_pairs(gone), **_pairs(there)}
    level = min(shared, Sharing(there["sharing"]), key=lambda one: one.rank)
    return {
        **there,
        "name": there["name"] or gone["name"],
        "attributes": sorted(f"{name}={value}" for name, value in attributes.items()),
        "sharing": level.value,
        "sharing_rank": level.rank,
    }


def _pairs(row: Row) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in row["attributes"])


def _placed(
    items: Sequence[Row], theirs: Sequence[Row], user: str, into: str
) -> tuple[list[dict[str, Any]], list[str], list[Contradiction]]:
    """Return which items move and under which id, the ids of those that do not, and what they contradict."""
    ids = {row["id"]: row for row in theirs}
    answers = {_answered(row, into): row for row in theirs if row["option"] is not None}
    moved, dropped, contradicting = [], [], []
    for row in items:
        question, option, at = row["question"], row["option"], row["at"]
        before = answers.get(_answered(row, user)) if option is not None else None
        if before is not None and before["option"] != option:
            why = "the same date" if at else "no date on either"
            contradicting.append(
                Contradiction(
                    user=into, item=row["id"], question=question, given=option, stored=before["option"], why=why
                )
            )
            dropped.append(row["id"])
            continue
        new = item_id(into, row["id"].removeprefix(item_id(user, "")))
        taken = ids.get(new)
        if (taken or before or row)["statement"] == row["statement"] and (taken or before):
            dropped.append(row["id"])
            continue
        if taken:
            new = item_id(into, derived_item_key(user, question, row["statement"], at))
        own = option is not None and answer_occasion(new, into, question, at) is None
        moved.append({"id": row["id"], "new": new, "named": own})
    return moved, dropped, contradicting


def _answered(row: Row, user: str) -> tuple[str, str, str]:
    """Return what there is one answer of a person for: the question, the date, and the occasion beside it."""
    return row["question"], row["at"], answer_occasion(row["id"], user, row["question"], row["at"]) or ""
