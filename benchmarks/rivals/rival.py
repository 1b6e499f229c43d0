"""What a system has to do to be measured, in its own process, by its own package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.rivals.task import Item, Probe

__all__ = ["Place", "Rival", "TooSlowError", "Tried"]


@dataclass(frozen=True)
class Place:
    """Where a system keeps what it keeps, and whom it may ask."""

    folder: Path
    neo4j_uri: str = ""
    neo4j_user: str = ""
    neo4j_password: str = ""
    language_url: str = ""
    """A scripted language model by the OpenAI protocol."""
    server: int | None = None
    """The process of the Neo4j."""


class TooSlowError(Exception):
    """Adding would take longer than it may."""


@dataclass(frozen=True)
class Tried:
    """Whether something worked when it was tried with the package, and what was seen."""

    works: bool
    seen: str


class Rival(Protocol):
    """One system, ready to add to; its store is empty."""

    at_once: int
    """How many items it is given in one call of `add`."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What it was set to, as far as a reader would ask."""
        ...

    def embed(self, text: str) -> None:
        """Make the vector of one text, as it does for a question, and nothing else."""
        ...

    def add(self, items: Sequence[Item]) -> None:
        """Store them, so that they can be retrieved after `finish`."""
        ...

    def finish(self) -> None:
        """Do what has to be done before retrieving."""
        ...

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        """Return at most *k* texts of *person*, best first."""
        ...

    def add_probe(self, probe: Probe) -> None:
        """Store the probe's people, with all that the package has for it."""
        ...

    def borrow(self, probe: Probe) -> Tried:
        """Try to find, for the one asked about, what the one who is like them said, before what the stranger said."""
        ...

    def why(self, probe: Probe) -> Tried:
        """Try to get from something that the system made or returned to what was said."""
        ...

    def erase(self, probe: Probe) -> Tried:
        """Try to remove the stranger, and then to find a word of theirs in all that the package keeps."""
        ...

    def close(self) -> None:
        """Stop what it started."""
        ...
