"""Whether what the graph says of people is so: for each cache key, who of its holders said what its name says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import NoFitError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["Audit", "AuditedKey", "audit"]

LEAST_SAID, LEAST_SAID_EACH, MOST_NEVER_ASKED, LONGEST = 0.85, 0.6, 0.1, 60


class Counted(Model):
    """Pairs of a holder and a claim by the holders' survey weights."""

    pairs: float = 0.0
    asked: float = 0.0
    said: float = 0.0

    @property
    def share(self) -> float | None:
        return self.said / self.asked if self.asked else None


class AuditedKey(Model):
    """A cache key: of its holders and what its name claims, how many were asked about it, and how many said it."""

    key: str
    kind: str
    name: str
    holders: int
    claims: int = Field(description="Statements in the name that can be counted; 0 for a group or a reading of texts.")
    asked: int = Field(description="Pairs of a holder and a claim where the holder answered that question.")
    said: int = Field(description="Those of them where the answer is what the name says.")
    counted: Counted = Field(default=Counted(), description="The same by survey weights, in a weighted audit.")

    @property
    def share(self) -> float | None:
        """Share of the asked that said it; None where nobody was asked."""
        return self.counted.share if self.counted.asked else self.said / self.asked if self.asked else None


class Audit(Model):
    """What an audit counted. Pairs are of a holder and a claim of a key's name."""

    dataset: str
    fit: str
    keys: int
    claiming: int = Field(description="Keys whose names claim an answer.")
    pairs: int
    asked: int
    said: int
    weighted: bool = Field(default=False, description="Whether shares count holders by their survey weights.")
    counted: Counted = Counted()
    lowest: AuditedKey | None = Field(description="The key with the least share said by those asked.")
    longest_name: int = Field(description="Characters.")
    twice: tuple[str, ...] = Field(description="Names that two keys have.")
    failing: tuple[AuditedKey, ...] = Field(description="Keys that break a bound, worst first.")

    @property
    def share_said(self) -> float | None:
        return self.counted.share if self.weighted else self.said / self.asked if self.asked else None

    @property
    def share_never_asked(self) -> float | None:
        if self.weighted:
            return 1 - self.counted.asked / self.counted.pairs if self.counted.pairs else None
        return 1 - self.asked / self.pairs if self.pairs else None

    @property
    def holds(self) -> bool:
        """Whether every bound is kept: 85 % said, 60 % in every key, 10 % never asked, 60 characters, no name twice."""
        return (
            (self.share_said is None or self.share_said >= LEAST_SAID)
            and (self.share_never_asked is None or self.share_never_asked <= MOST_NEVER_ASKED)
            and not self.failing
            and not self.twice
        )


def audit(graph: Graph, dataset: str, *, weighted: bool = False) -> Audit:
    """Count for each cache key of the current Fit who of its holders said what its name says; nothing is written.

    A holder counts by their newest answer. With *weighted*, shares count holders by their survey weights, and those
    without one as 1. NoFitError when the dataset was not refined.
    """
    fit = require_dataset(graph, dataset).current_fit
    if fit is None:
        raise NoFitError(dataset)
    found: dict[str, AuditedKey] = {}
    for row in graph.read("said_of_keys", dataset=dataset):
        before = found.get(row["key"])
        claims = row["question"] is not None
        found[row["key"]] = AuditedKey(
            key=row["key"],
            kind=row["kind"],
            name=row["name"],
            holders=row["holders"],
            claims=claims + (before.claims if before else 0),
            asked=(row["asked"] if claims else 0) + (before.asked if before else 0),
            said=(row["said"] if claims else 0) + (before.said if before else 0),
            counted=_added(before.counted if before else Counted(), row) if weighted and claims else Counted(),
        )
    keys = list(found.values())
    claiming = [key for key in keys if key.claims and key.holders]
    counts = Counter(key.name.casefold() for key in keys)
    failing = [
        key for key in keys if len(key.name) > LONGEST or (key.share is not None and key.share < LEAST_SAID_EACH)
    ]
    judged = [key for key in claiming if key.share is not None]
    return Audit(
        dataset=dataset,
        fit=fit,
        keys=len(keys),
        claiming=len(claiming),
        pairs=sum(key.holders * key.claims for key in claiming),
        asked=sum(key.asked for key in claiming),
        said=sum(key.said for key in claiming),
        weighted=weighted,
        counted=Counted(
            pairs=sum(key.counted.pairs for key in claiming),
            asked=sum(key.counted.asked for key in claiming),
            said=sum(key.counted.said for key in claiming),
        ),
        lowest=min(judged, key=lambda key: (key.share or 0.0, key.key), default=None),
        longest_name=max((len(key.name) for key in keys), default=0),
        twice=tuple(sorted({key.name for key in keys if counts[key.name.casefold()] > 1})),
        failing=tuple(sorted(failing, key=lambda key: (key.share if key.share is not None else 1.0, key.key))),
    )


def _added(before: Counted, row: Mapping[str, Any]) -> Counted:
    return Counted(
        pairs=before.pairs + row["holders_weight"],
        asked=before.asked + row["asked_weight"],
        said=before.said + row["said_weight"],
    )
