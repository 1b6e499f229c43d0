"""Who shares values with somebody, as far as each of them lets others know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.fit.store import read_keys
from persona_db.chains.retrieval.join import TOP_K, explained, join_many
from persona_db.graph.models import Model
from persona_db.graph.names import Sharing
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.chains.results import SharedKey
    from persona_db.graph.session import Graph

__all__ = ["Sharer", "Sharers", "who_shares"]

_LEAST_COUNTED = 10
_STEP = 5
_SAID = frozenset({"stance"})
_DESCRIBED = frozenset({"demographic", "role"})


class Sharer(Model):
    """Somebody who shares values with a user, and lets others know."""

    user: str
    name: str
    alike: float = Field(description="The score of the JOIN, at most 1.")
    agree_on: tuple[str, ...] = Field(description="Names of shared values, those that count most first.")
    differ_on: tuple[str, ...] = Field(description="Names of the user's values whose opposite they hold.")


class Sharers(Model):
    """Those who share most with a user."""

    user: str
    people: tuple[Sharer, ...] = Field(description="Who may be named, most alike first, ties by id.")
    unnamed: int = Field(description="Of the closest, how many more may not be named: in steps of five, 0 under ten.")


def who_shares(graph: Graph, user: str, *, dataset: str, k: int = 10) -> Sharers:
    """Return up to *k* of those who share most with *user*, most alike first, ties by id, for eyes other than theirs.

    Whoever shares less than induced facts is counted and not named. Of those who are named a value stands only where
    their level opens it: one of their own answers from `distilled` on, who they are from `history` on, and none that
    fewer than ten sharing people hold. UnknownUserError and NoFitError say what is missing.

    >>> found = who_shares(graph, "ada", dataset="town", k=3)
    >>> found.people, found.unnamed >= 10  # the people of the town share their keys, which are counted
    ((), True)
    """
    holder = require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset)
    everybody = join_many(snapshot, [user], top_k=max(k, TOP_K), sharing=Sharing.KEYS).get(user, [])
    named = join_many(snapshot, [user], top_k=k, sharing=Sharing.INDUCED).get(user, []) if k else []
    levels = {
        row["id"]: Sharing(row["sharing"])
        for row in graph.read("known_users", dataset=dataset, ids=[one.user for one in everybody + named])
    }
    common = read_keys(graph, dataset, snapshot.fit, least=snapshot.settings.min_holders, holder=holder)

    def open_to_others(key: SharedKey, level: Sharing) -> bool:
        wanted = Sharing.DISTILLED if key.kind in _SAID else Sharing.INDUCED
        return key.key in common and level.rank >= (Sharing.HISTORY if key.kind in _DESCRIBED else wanted).rank

    people = tuple(
        Sharer(
            user=one.user,
            name=one.name or one.user,
            alike=round(one.score, 6),
            agree_on=tuple(key.name for key in one.shared if open_to_others(key, levels[one.user])),
            differ_on=tuple(key.name for key in one.opposed if open_to_others(key, levels[one.user])),
        )
        for one in explained(snapshot, {user: named}).get(user, ())
        if one.user in levels and levels[one.user].rank >= Sharing.INDUCED.rank
    )
    hidden = sum(levels.get(one.user, Sharing.NONE) is Sharing.KEYS for one in everybody)
    return Sharers(user=user, people=people, unnamed=_STEP * (hidden // _STEP) if hidden >= _LEAST_COUNTED else 0)
