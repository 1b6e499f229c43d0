"""Facts and cache keys of a persona from a model's answers: graph ids back, equal facts merged, names canonical."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Literal, cast

from persona_db.chains.fit.leanings import DEMOGRAPHIC_WEIGHT
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.labels.texts import LONGEST_NAME, shortened
from persona_db.chains.language.outputs import Distillation, Induction
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.quoting import folded
from persona_db.chains.language.structured import Problem
from persona_db.chains.persona import Fact, HeldKey, KeyKind, Persona, Support
from persona_db.graph.ids import demographic_id, fact_id, key_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from persona_db.graph.embedding import Embedder

__all__ = [
    "DEFAULT_SUPPORTS",
    "Ideologies",
    "canonical",
    "distilled_facts",
    "held_keys",
    "induced_facts",
    "opposite_of",
    "with_keys_of",
]

DEFAULT_SUPPORTS: int = EngineSettings.model_fields["supports"].default
_ARTICLES = ("the", "a", "an")
_SIDES: Mapping[str, str] = {
    "for": "for", "pro": "for", "support": "for", "supports": "for", "supporting": "for", "favor": "for",
    "favour": "for", "favors": "for", "favours": "for", "against": "against", "anti": "against",
    "oppose": "against", "opposes": "against", "opposing": "against", "opposed": "against",
}  # fmt: skip
_LINKING = ("of", "to", "for", "about")
_SIDED = ("issue", "entity")
_SIGNS = re.compile(r"[^\w\s+#&]|_")
_CALLED: Mapping[str, str] = {
    "liberalism": "liberal", "progressive": "liberal", "progressivism": "liberal", "left wing": "liberal",
    "leftist": "liberal", "left leaning": "liberal", "social liberal": "liberal", "conservatism": "conservative",
    "right wing": "conservative", "right leaning": "conservative", "traditionalist": "conservative",
    "libertarianism": "libertarian", "environmentalism": "environmentalist",
    "techno optimist": "technological optimist", "tech optimist": "technological optimist",
    "techno optimism": "technological optimist", "technological optimism": "technological optimist",
    "tech sceptic": "technological sceptic", "tech skeptic": "technological sceptic",
    "technological skeptic": "technological sceptic", "technological skepticism": "technological sceptic",
    "technological scepticism": "technological sceptic", "techno skeptic": "technological sceptic",
}  # fmt: skip
_NEAR, _NEARER = 0.72, 0.15
"""Least cosine of names, and least lead over the next: takes "socially liberal", leaves "socialist", "populist"."""


@dataclass
class _Found:
    """A fact merged from several answers."""

    text: str
    weight: float = 0.0
    supports: dict[str, None] = field(default_factory=dict)


def distilled_facts(
    user: str,
    answers: Iterable[tuple[Rendered, Distillation]],
    *,
    said_at: Mapping[str, str],
    supports: int = DEFAULT_SUPPORTS,
) -> tuple[Fact, ...]:
    """Return the facts of one user, those of equal text as one, each resting on history items.

    Strength grows by the number of items: a half for one, three quarters for two. *said_at* has each item's time; a
    fact names *supports* items at most.
    """
    found: dict[str, _Found] = {}
    for prompt, answer in answers:
        for fact in answer.facts:
            one = found.setdefault(folded(fact.text), _Found(fact.text))
            one.supports.update({prompt.citations[item.id]: None for item in fact.items})
    facts = []
    for one in found.values():
        strength = round(1 - 0.5 ** len(one.supports), 6)
        facts.append(_fact(user, "distilled", one, strength=strength, key="", said_at=said_at, supports=supports))
    return tuple(facts)


def induced_facts(
    persona: Persona,
    answers: Iterable[tuple[Rendered, Induction]],
    *,
    ideologies: Ideologies,
    supports: int = DEFAULT_SUPPORTS,
) -> tuple[tuple[Fact, ...], tuple[Problem, ...]]:
    """Return the facts inferred, the clearest first, one for each key, and the traits without a usable name.

    A trait of weight 0 is one that the person does not hold, so it gives no fact.
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
                one.supports.update({prompt.citations[citation]: None for citation in trait.facts})
    order = sorted(found.items(), key=lambda pair: (-pair[1].weight, pair[0]))
    facts = [
        _fact(persona.user, "induced", one, strength=one.weight, key=key, said_at=said_at, supports=supports)
        for key, one in order
    ]
    return tuple(fact for fact in facts if fact.strength > 0), tuple(problems)


def with_keys_of(distilled: Sequence[Fact], induced: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the distilled facts, each with the clearest key inferred from it."""
    key_of: dict[str, str] = {}
    for fact in induced:
        for support in fact.supports:
            key_of.setdefault(support.id, fact.key)
    return tuple(fact.model_copy(update={"key": key_of.get(fact.id, "")}) for fact in distilled)


def held_keys(persona: Persona, *, supports: int = DEFAULT_SUPPORTS) -> tuple[HeldKey, ...]:
    """Return the keys of a persona's induced facts, the clearest first, and those of its user's attributes.

    A key names *supports* facts at most as its evidence.
    """
    held = []
    for fact in persona.induced:
        kind, _, name = fact.key.partition(":")
        evidence = [fact, *(one for one in persona.distilled if one.key == fact.key)][:supports]
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
                key=demographic_id(attribute), kind="demographic", name=shortened(attribute, LONGEST_NAME),
                weight=DEMOGRAPHIC_WEIGHT, at=persona.at,
            )
        )  # fmt: skip
    return tuple(held)


def _fact(
    user: str,
    layer: Literal["distilled", "induced"],
    found: _Found,
    *,
    strength: float,
    key: str,
    said_at: Mapping[str, str],
    supports: int,
) -> Fact:
    ids = list(found.supports)
    share = round(1 / len(ids), 6)
    return Fact(
        id=fact_id(user, layer, key, found.text, strength, ids),
        layer=layer,
        text=found.text,
        supports=tuple(Support(id=id_, share=share) for id_ in ids[:supports]),
        n_support=len(ids),
        strength=strength,
        key=key,
        at=max((said_at.get(id_, "") for id_ in ids), default=""),
    )


def canonical(kind: str, name: str) -> str:
    """Return the one spelling of a name: case, accents of width, punctuation and articles aside.

    The name of an issue or entity begins with its side, `for` or `against`, where it has one. Empty when no word is
    left.
    """
    plain = unicodedata.normalize("NFKC", name).casefold().replace("'", "").replace("\u2019", "")
    words = [word for word in _SIGNS.sub(" ", plain).split() if word not in _ARTICLES]
    if kind in _SIDED and len(words) > 1 and words[0] in _SIDES:
        side = _SIDES[words[0]]
        rest = words[1:]
        while len(rest) > 1 and rest[0] in _LINKING:
            rest = rest[1:]
        words = [side, *rest]
    joined = " ".join(words)
    return joined.replace(" ", "-") if kind == "value" else joined


def opposite_of(key: str) -> str | None:
    """Return the id of the key that contradicts an issue or entity with a side, held by somebody or not; else None."""
    kind, _, name = key.partition(":")
    side, _, rest = name.partition(" ")
    if kind not in _SIDED or not rest or side not in ("for", "against"):
        return None
    return key_id(kind, f"{'against' if side == 'for' else 'for'} {rest}")


class Ideologies:
    """The vocabulary's ideologies and their synonyms: by a small list, and by similar meaning."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._names = tuple(term.name for term in VOCABULARY if term.kind == "ideology")
        self._embedder = embedder
        self._lock = Lock()
        self._vectors: NDArray[np.float32] | None = None
        self._found = lru_cache(maxsize=10_000)(self._find)

    def named(self, name: str) -> str:
        """Return the vocabulary's name for a canonical name, itself where it is none of them."""
        if name in self._names:
            return name
        return _CALLED.get(name) or self._found(name)

    def _find(self, name: str) -> str:
        if self._embedder is None:
            return name
        with self._lock:  # the model underneath is one
            if self._vectors is None:
                self._vectors = self._embedder.embed(self._names)
            similarity = self._vectors @ self._embedder.embed([name])[0]
        best, second = similarity.argsort()[-1], similarity.argsort()[-2]
        clear = similarity[best] >= _NEAR and similarity[best] - similarity[second] >= _NEARER
        return self._names[int(best)] if clear else name
