"""The bundled data that the demo runs on: the Senate, and a conversation of the citizens of Bowling Green."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from persona_db.graph.names import DemoData

__all__ = ["DEMOS", "DemoChoices"]


@dataclass(frozen=True)
class DemoChoices:
    """What a demo is on, and what it shows of it."""

    format: str
    dataset: str
    user: str
    """Whose predictions and collaborators are shown."""
    share: float
    """Of the votes on contested questions, the part that is held out."""
    held_out: str
    """The same in words."""
    query: str
    """Cypher on all people, to try next; `%s` is the dataset."""


DEMOS: Mapping[DemoData, DemoChoices] = {
    DemoData.SENATE: DemoChoices(
        format="senate",
        dataset="senate-demo",
        user="COLLINS (R ME)",
        share=0.1,
        held_out="a tenth of contested votes",
        query="MATCH (k:CacheKey {dataset: '%s'})<-[:HOLDS]-(u:User) WHERE k.kind <> 'demographic' "
        "WITH k, collect(u.attributes) AS groups RETURN k.kind, k.name, "
        "size([g IN groups WHERE 'PARTY=Democrat' IN g]) AS democrats, "
        "size([g IN groups WHERE 'PARTY=Republican' IN g]) AS republicans "
        "ORDER BY abs(democrats - republicans) DESC LIMIT 10",
    ),
    DemoData.BOWLING_GREEN: DemoChoices(
        format="polis",
        dataset="bowling-green-demo",
        user="p36",
        share=0.02,
        held_out="a fiftieth of contested votes",
        query="MATCH (k:CacheKey {dataset: '%s'})<-[:HOLDS]-(u:User) "
        "RETURN k.kind, k.name, count(u) AS holders ORDER BY holders DESC LIMIT 10",
    ),
}
