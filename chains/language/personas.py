"""From what a model answered to facts and keys of a persona: ids put back, equal ones merged, names made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import cast

from persona_db.chains.language.canonical import Ideologies, canonical, key_id
from persona_db.chains.language.outputs import Distillation, Induction
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.quoting import folded
from persona_db.chains.language.structured import Problem
from persona_db.chains.persona import Fact, HeldKey, KeyKind, Persona, Support
from persona_db.chains.statistical.leaning import demographic_id
from persona_db.chains.statistical.traits import shortened

__all__ = ["distilled_facts", "held_keys", "induced_facts", "with_keys_of"]

_SUPPORTS = 5
_DEMOGRAPHIC_WEIGHT = 0.5
_LONGEST_NAME = 300


@dataclass
class _Found:
    """A fact as it comes together from several answers."""

    text: str
    weight: float = 0.0
    supports: dict[str, None] = field(default_factory=dict)


def distilled_facts(
    user: str, answers: Iterable[tuple[Rendered, Distillation]], *, said_at: Mapping[str, str]
) -> tuple[Fact, ...]:
    """Return the facts of one user, those of equal text as one, each resting on history items.

    Strength grows by the number of items: a half for one, three quarters for two. `said_at` has each item's time.
    """
    found: dict[str, _Found] = {}
    for prompt, answer in answers:
        for fact in answer.facts:
            one = found.setdefault(folded(fact.text), _Found(fact.text))
            one.supports.update({prompt.handles[item.id]: None for item in fact.items})
    facts = []
    for one in found.values():
        strength = round(1 - 0.5 ** len(one.supports), 6)
        facts.append(_fact(user, "distilled", one, strength=strength, key="", said_at=said_at))
    return tuple(facts)


def induced_facts(
    persona: Persona, answers: Iterable[tuple[Rendered, Induction]], *, ideologies: Ideologies
) -> tuple[tuple[Fact, ...], tuple[Problem, ...]]:
    """Return what was inferred, the clearest first, one fact a key, and what has no name that can be one.

    A trait of weight 0 is one that the person does not hold, and none of theirs.
    """
    said_at = {item.id: item.at for item in persona.history.items} | {fact.id: fact.at for fact in persona.distilled}
    found: dict[str, _Found] = {}
    problems = []
    for prompt, answer in answers:
        for trait in answer.traits:
            name = canonical(trait.kind, trait.name)
            if trait.kind == "ideology":
                name = ideologies.named(name)
            if not name:
                problems.append(Problem(f"a {trait.kind} without a name", trait.model_dump_json()))
            elif trait.weight > 0:
                one = found.setdefault(key_id(trait.kind, name), _Found(trait.text))
                if trait.weight > one.weight:
                    one.text, one.weight = trait.text, round(trait.weight, 6)
                one.supports.update({prompt.handles[handle]: None for handle in trait.facts})
    order = sorted(found.items(), key=lambda pair: (-pair[1].weight, pair[0]))
    facts = [_fact(persona.user, "induced", one, strength=one.weight, key=key, said_at=said_at) for key, one in order]
    return tuple(fact for fact in facts if fact.strength > 0), tuple(problems)


def with_keys_of(distilled: Sequence[Fact], induced: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the distilled facts, each with the clearest key inferred from it."""
    key_of: dict[str, str] = {}
    for fact in induced:
        for support in fact.supports:
            key_of.setdefault(support.id, fact.key)
    return tuple(fact.model_copy(update={"key": key_of.get(fact.id, "")}) for fact in distilled)


def held_keys(persona: Persona) -> tuple[HeldKey, ...]:
    """Return the keys of a persona's induced facts, the clearest first, and those of its user's attributes."""
    held = []
    for fact in persona.induced:
        kind, _, name = fact.key.partition(":")
        evidence = [fact, *(one for one in persona.distilled if one.key == fact.key)][:_SUPPORTS]
        total = sum(one.strength for one in evidence)
        held.append(
            HeldKey(
                key=fact.key, kind=cast("KeyKind", kind), name=name, weight=fact.strength, at=persona.at,
                evidence=tuple(Support(id=one.id, share=round(one.strength / total, 6)) for one in evidence),
            )
        )  # fmt: skip
    for attribute in persona.history.attributes:
        held.append(
            HeldKey(
                key=demographic_id(attribute), kind="demographic", name=shortened(attribute, _LONGEST_NAME),
                weight=_DEMOGRAPHIC_WEIGHT, at=persona.at,
            )
        )  # fmt: skip
    return tuple(held)


def _fact(user: str, layer: str, found: _Found, *, strength: float, key: str, said_at: Mapping[str, str]) -> Fact:
    supports = list(found.supports)
    share = round(1 / len(supports), 6)
    return Fact(
        id=blake2b(repr((user, layer, key, found.text, strength, supports)).encode(), digest_size=16).hexdigest(),
        layer="distilled" if layer == "distilled" else "induced",
        text=found.text,
        supports=tuple(Support(id=id_, share=share) for id_ in supports[:_SUPPORTS]),
        n_support=len(supports),
        strength=strength,
        key=key,
        at=max((said_at.get(id_, "") for id_ in supports), default=""),
    )
