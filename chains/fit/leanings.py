"""What distinguishes a person: clear leanings, each of which can become a fact and a cache key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.style import NO_HABIT, PersonStyle
from persona_db.chains.fit.traits import NO_POLES, Pole, said, trait_scores
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.persona import KeyKind
from persona_db.graph.ids import demographic_id, pole_id, stance_id

__all__ = ["DEMOGRAPHIC_WEIGHT", "Leaning", "PersonLeanings", "habit_leaning", "leanings", "term_leanings"]

Floats = NDArray[np.float64]

_MOST_COMMON_STANCE = 0.6
DEMOGRAPHIC_WEIGHT = 0.5
_STANCE_WEIGHT = 0.3
_FULL_TRAIT = 2.0
_CLEAR_HABIT = 1.0


@dataclass(frozen=True)
class Leaning:
    """A key that a person leans to, with the strength (0 to 1), and for a stance the answer and its side.

    An inferred one rests on answers to other questions: the person did not say what its name says.
    """

    key: str
    kind: KeyKind
    weight: float
    question: int = -1
    option: int = -1
    side: tuple[int, ...] = ()
    inferred: bool = False


@dataclass(frozen=True)
class PersonLeanings:
    """A person's trait scores, their keys, and the answers worth distilling, most salient first."""

    traits: NDArray[np.float64]
    keys: tuple[Leaning, ...]
    stances: tuple[Leaning, ...]
    style: PersonStyle = NO_HABIT


def leanings(
    population: Population,
    choice: NDArray[np.int16],
    attributes: tuple[str, ...],
    poles: Mapping[str, Pole] = NO_POLES,
) -> PersonLeanings:
    """Return what distinguishes a person, from their row of answers and their attributes.

    A stance is a side of a question's scale. Stances are ranked by surprisal (minus log of the side's base rate) times
    the question's informativeness; stances held by over 60 % are no leanings. Trait poles are ranked by the absolute
    score; one is inferred unless the person said what *poles* has it claim. Ties by position.
    """
    settings = population.settings
    answered = np.flatnonzero(choice >= 0)
    values = np.array([population.scales[q].values[choice[q]] for q in answered], dtype=np.float64)
    known = ~np.isnan(values)
    scores = trait_scores(population.loadings[answered[known]], values[known])

    sides = [population.sides[q].get(int(choice[q]), ()) for q in answered]
    rates = np.array(
        [population.scales[q].rates[list(side)].sum() if side else 1.0 for q, side in zip(answered, sides, strict=True)]
    )
    salience = -np.log(np.maximum(rates, 1e-9)) * population.told_by[answered] if len(answered) else np.zeros(0)
    salience = np.where(rates <= _MOST_COMMON_STANCE, salience, 0.0) if len(answered) else salience
    order = np.argsort(-salience, kind="stable")[: max(settings.facts_distilled, settings.stances_held)]
    stances = tuple(
        Leaning(
            stance_id(population.questions[answered[i]].id, *sides[i]),
            "stance",
            round(_STANCE_WEIGHT * float(1 - np.exp(-salience[i])) + 0.05, 6),
            int(answered[i]),
            int(choice[answered[i]]),
            sides[i],
        )
        for i in order
        if salience[i] > 0
    )

    said_by = {population.questions[q].id: int(choice[q]) for q in answered} if poles else {}
    leant = []
    for trait in np.argsort(-np.abs(scores), kind="stable")[: settings.traits_held]:
        if abs(scores[trait]) >= settings.trait_leaning:
            weight = round(min(abs(float(scores[trait])) / _FULL_TRAIT, 1.0), 6)
            id_ = pole_id(int(trait), positive=bool(scores[trait] > 0))
            inferred = id_ not in poles or not said(poles[id_].claims, said_by)
            leant.append(Leaning(id_, "trait", weight, inferred=inferred))
    style = population.style.of(population.off_scale, choice[None, :])[0]
    groups = tuple(Leaning(demographic_id(name), "demographic", DEMOGRAPHIC_WEIGHT) for name in attributes)
    clear = style.is_told and abs(style.habit) >= _CLEAR_HABIT * population.style.spread
    habit = (habit_leaning(population, style),) if clear else ()
    return PersonLeanings(scores, (*leant, *stances[: settings.stances_held], *habit, *groups), stances, style)


def habit_leaning(population: Population, style: PersonStyle) -> Leaning:
    """Return how far a person leans to answering off the scale often, or rarely; it is a key where it is clear."""
    spread = population.style.spread or 1.0
    return Leaning(style.key, "style", round(min(abs(style.habit) / spread / _FULL_TRAIT, 1.0), 6))


def term_leanings(settings: EngineSettings, weights: Floats) -> list[Leaning]:
    """Return the terms that a person's texts speak for, the clearest first, ties by their place in the vocabulary.

    *weights* says for each term how clearly the person's clearest text speaks for it, 0 where none does.
    """
    clearest = np.argsort(-weights, kind="stable")[: settings.terms_held]
    return [
        Leaning(VOCABULARY[index].key, VOCABULARY[index].kind, round(float(weights[index]), 6))
        for index in clearest
        if weights[index] > 0
    ]
