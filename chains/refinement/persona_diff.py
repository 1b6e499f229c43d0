"""What a refinement has to write of its users: the difference between what they have and what they should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from persona_db.chains.fit.keys import CacheKey, units
from persona_db.chains.persona import Fact, Persona
from persona_db.graph.ids import fact_of, numbered_fact_id, persona_id, statement_id
from persona_db.graph.models import END_OF_TIME

__all__ = ["Changes"]

_Row = dict[str, Any]


_NO_RUNS: Mapping[str, str] = MappingProxyType({})


class Changes:
    """What is to be written of some users, by query, in the order in which the queries run."""

    def __init__(self) -> None:
        self.rows: dict[str, list[_Row]] = {
            "retire_facts": [],
            "retire_holds": [],
            "store_facts": [],
            "store_fact_keys": [],
            "store_holds": [],
            "store_evidence": [],
            "store_personas": [],
        }

    def add(
        self,
        persona: Persona,
        before: _Row,
        keys: Mapping[str, CacheKey],
        *,
        runs: Mapping[str, str] = _NO_RUNS,
        complete: bool = True,
    ) -> None:
        """Note how *persona* differs from what its user has *before*; *keys* are those of the Fit.

        *runs* names the run of a model that made the facts of a layer. Without *complete* a part is still to come.
        """
        held = {key: (unit, inferred) for key, unit, inferred in before["keys"]}
        written = self._facts(persona, before["facts"], runs)
        self._holds(persona, held, keys)
        self.rows["store_evidence"] += [
            {"fact": written.names[support.id], "key": key.key, "share": support.share}
            for key in persona.keys
            for support in key.evidence
            if support.id in written.new or support.id in written.shown or key.key not in held
        ]
        self.rows["store_personas"].append(
            {
                "user": persona.user,
                "id": persona_id(persona.user, persona.history.version),
                "version": persona.history.version,
                "complete": None if complete else False,
                "traits": list(persona.traits),
                "style": list(persona.style),
                "scores": list(persona.scores),
                "at": persona.at,
            }
        )

    def _facts(self, persona: Persona, before: Sequence[tuple[str, str, str]], runs: Mapping[str, str]) -> _Written:
        """Retire the facts that hold no more, and store new ones: distilled first, since induced ones rest on them."""
        stored = {fact_of(id_): id_ for id_, retired_at, _ in before if retired_at == END_OF_TIME}
        key_of = {id_: key for id_, _, key in before}
        times = Counter(fact_of(id_) for id_, _, _ in before)
        facts = (*persona.distilled, *persona.induced)
        names = {fact.id: stored.get(fact.id) or numbered_fact_id(fact.id, times[fact.id]) for fact in facts}
        new = {fact.id for fact in facts if fact.id not in stored}
        self.rows["retire_facts"] += [
            {"id": id_, "at": persona.at} for digest, id_ in stored.items() if digest not in names
        ]
        self.rows["store_facts"] += [_fact_row(persona, fact, names, runs) for fact in facts if fact.id in new]
        shown = {fact.id for fact in facts if fact.id not in new and key_of[names[fact.id]] != fact.key}
        self.rows["store_fact_keys"] += [{"id": names[fact.id], "key": fact.key} for fact in facts if fact.id in shown]
        return _Written(names, new, shown)

    def _holds(self, persona: Persona, before: Mapping[str, tuple[float, bool]], keys: Mapping[str, CacheKey]) -> None:
        """Retire and store the keys whose part in the score changed."""
        weights = [(held.weight, keys[held.key].idf) for held in persona.keys]
        now = {held.key: (unit, held.inferred) for held, unit in zip(persona.keys, units(weights), strict=True)}
        self.rows["retire_holds"] += [
            {"user": persona.user, "key": key, "at": persona.at} for key, then in before.items() if now.get(key) != then
        ]
        fresh = [
            {"key": held.key, "weight": held.weight, "unit": now[held.key][0], "inferred": held.inferred}
            for held in persona.keys
            if before.get(held.key) != now[held.key]
        ]
        if fresh:
            self.rows["store_holds"].append({"user": persona.user, "at": persona.at, "keys": fresh})


class _Written(NamedTuple):
    """The names under which a user's facts are stored, which of them are new, and which show another key now."""

    names: Mapping[str, str]
    new: set[str]
    shown: set[str]


def _fact_row(persona: Persona, fact: Fact, named: Mapping[str, str], runs: Mapping[str, str]) -> _Row:
    """A fact as stored, under its name in *named*, resting on items and on facts."""
    return {
        "user": persona.user,
        "id": named[fact.id],
        "layer": fact.layer,
        "text": fact.text,
        "statement": statement_id(fact.text),
        "n_support": fact.n_support,
        "strength": fact.strength,
        "key": fact.key,
        "inferred": fact.inferred,
        "question": fact.question,
        "option": fact.option,
        "run": runs.get(fact.layer),
        "at": fact.at,
        "items": [[support.id, support.share] for support in fact.supports if support.id not in named],
        "facts": [[named[support.id], support.share] for support in fact.supports if support.id in named],
    }
