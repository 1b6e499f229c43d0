"""Which Fit a run refines into, and who waits to be refined in it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from persona_db.chains.fit.answers import Signals
from persona_db.chains.fit.settings import FittedSettings

__all__ = ["Place", "Waiting"]


@dataclass(frozen=True)
class Place:
    """The Fit that a run refines into."""

    fit: str
    through: str
    settings: FittedSettings
    current: bool
    """Whether readers use it already."""
    finished: bool
    """Whether nothing is left to do for it as a whole, so that nobody but those refined is touched."""
    signals: Signals | None = None
    """What it is made of, when it is not in the graph yet."""
    sharing_ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """Who is to be refined in a Fit: users who are not, and those of whom a part is still to come."""

    new: tuple[str, ...]
    incomplete: tuple[str, ...]
    unknown: Set[str]
    """Those of `new` of whom the Fit has nothing at all."""
    unchanged: int

    def without(self, unusable: Set[str]) -> Waiting:
        """The same, but users of whom nothing could be used count as incomplete: there is nothing to wait for."""
        new = tuple(user for user in self.new if user not in unusable)
        moved = tuple(user for user in self.new if user in unusable)
        return replace(self, new=new, incomplete=(*self.incomplete, *moved))

    def first(self, limit: int | None) -> list[str]:
        """The users of one run."""
        users = [*self.new, *self.incomplete]
        return users if limit is None else users[:limit]
