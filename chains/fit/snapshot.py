"""A consistent view for readers: one Fit, up to one date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from persona_db.chains.fit.settings import FittedSettings
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError, GraphUnavailableError, NoFitError

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["Reading", "Snapshot", "open_reading", "open_snapshot", "until"]

_PRESENT = "9999-12-30"


@dataclass(frozen=True)
class Snapshot:
    """A consistent view of a dataset: one Fit, without what was said or retired after `as_of`."""

    graph: Graph
    dataset: str
    fit: str
    as_of: str
    settings: FittedSettings
    engine: str = "statistical"
    """The engine that refined the Fit: `statistical`, or the name of a language model."""

    @property
    def least_holders(self) -> int:
        """The least holders of a key that is read: a language model names many keys that one or two people hold."""
        return 0 if self.engine == "statistical" else self.settings.min_holders

    def check(self) -> None:
        """Raise GraphUnavailableError when a refit replaced the Fit, since later reads may lack parts of it."""
        rows = self.graph.read("fit_ready", dataset=self.dataset, fit=self.fit)
        if not rows[0]["ready"]:
            raise GraphUnavailableError(f"dataset {self.dataset!r} was refitted while it was read; try again")


def until(as_of: str | None) -> str:
    """Return the last moment of *as_of* in the form of items' dates; a date includes all of its day.

    A time without an offset is UTC; None is the present.
    """
    if as_of is None:
        return _PRESENT
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError as exc:
        raise ConfigError(f"{as_of!r} is no ISO 8601 date; write it as 2006-06-15") from exc
    if ":" not in as_of:
        return f"{moment:%Y-%m-%d}T23:59:59Z"
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def open_snapshot(graph: Graph, dataset: str, *, as_of: str | None = None) -> Snapshot:
    """Return a snapshot by the dataset's current Fit, or by the newest Fit of items up to *as_of*.

    NoFitError when the dataset has none.
    """
    rows = graph.read("fit_for", dataset=dataset, as_of=None if as_of is None else until(as_of))
    if not rows:
        require_dataset(graph, dataset)
        raise NoFitError(dataset, as_of=as_of)
    settings = FittedSettings.stored(rows[0]["settings"])
    return Snapshot(graph, dataset, rows[0]["fit"], until(as_of), settings, rows[0]["engine"])


Reading, open_reading = Snapshot, open_snapshot
"""The names of both in version 0.1."""
