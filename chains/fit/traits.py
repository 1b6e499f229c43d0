"""Latent traits: the scores of people, and what the poles claim of those who hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.chains.labels.names import Names
from persona_db.chains.labels.sides import is_shown, sides_of
from persona_db.chains.labels.texts import LONGEST_NAME
from persona_db.graph.ids import pole_id

__all__ = ["NO_POLES", "Claim", "Pole", "poles_of", "said", "trait_scores", "trait_weights"]

Floats = NDArray[np.float64]
Claim = tuple[str, tuple[int, ...]]
"""A question, and the options of which a person chose one."""

_NOISE = 0.6
_NEAR = 20  # questions that may name a trait
_LEAST_LOADING = 0.25
_NEARLY = 0.6  # of the strongest loading
_MAJORITY = 0.6
_LEAST_ASKED = 5
_ALIKE = " etc."
_ALONE = 12  # characters that show that a name begins with its answer


def trait_weights(loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each answer for each trait (traits x answers).

    `loadings` (answers x traits) are those of the questions answered. The weights times the standardised answers are
    the posterior mean of a factor model with unit-variance traits, so that few answers give scores near 0.
    """
    traits = loadings.shape[1]
    return np.asarray(np.linalg.solve(loadings.T @ loadings + _NOISE * np.eye(traits), loadings.T))


def trait_scores(loadings: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a person's score on each trait, in standard deviations; 0 without answers."""
    if loadings.size == 0:
        return np.zeros(loadings.shape[1])
    return np.asarray(trait_weights(loadings) @ values)


@dataclass(frozen=True)
class Pole:
    """A pole of a trait as it is named: by statements that most of those say who lean to it.

    `claims` are (question, options) that the name claims of its holders; none where there is nothing to claim.
    """

    id: str
    name: str
    claims: tuple[Claim, ...] = ()


NO_POLES: Mapping[str, Pole] = MappingProxyType({})


def poles_of(population: Population, choice: NDArray[np.int16], scores: Floats, names: Names) -> dict[str, Pole]:
    """Return every pole of the traits, by id, named by what those said in fact who lean to it.

    `choice` are the answers (people x questions) and `scores` the trait scores (people x traits) of the same people.
    Of the questions that load most on a trait, the side is taken that those who lean to the pole choose more often
    than the others by most, if at least 60 % of those asked say it; then a second one that most of those say who say
    the first. A pole without such statements has none, and nobody is said to hold it.
    """
    found: dict[str, Pole] = {}
    taken: set[str] = set()
    for trait in range(population.loadings.shape[1]):
        for positive in (True, False):
            id_ = pole_id(trait, positive=positive)
            leaning = (scores[:, trait] if positive else -scores[:, trait]) >= population.settings.trait_leaning
            name = ""
            claims: tuple[Claim, ...] = ()
            for claims in _claims(population, choice, leaning, trait, names):
                name = _name_of(claims, names)
                if name.casefold() not in taken:
                    break
            else:
                name, claims = f"Pattern {trait + 1}{'+' if positive else '-'}", ()
            taken.add(name.casefold())
            found[id_] = Pole(id_, name, claims)
    return found


def said(claims: Sequence[Claim], choice: Mapping[str, int]) -> bool:
    """Say whether a person with these answers (option by question) says all of *claims*."""
    return bool(claims) and all(choice.get(question, -1) in options for question, options in claims)


def _claims(
    population: Population, choice: NDArray[np.int16], leaning: NDArray[np.bool_], trait: int, names: Names
) -> Iterator[tuple[Claim, ...]]:
    """Yield what a pole may be named by, the best first: two statements, or one."""
    strength = np.abs(population.loadings[:, trait])
    near = np.argsort(-strength, kind="stable")[:_NEAR]
    found = []
    for column in near[strength[near] >= max(_LEAST_LOADING, _NEARLY * strength[near[0]])].tolist():
        question = population.questions[column]
        if not is_shown(question):
            continue
        for side in sides_of(question, population.scales[column].rates.tolist()):
            asked = choice[:, column] >= 0
            says = np.isin(choice[:, column], side)
            within, others = int((asked & leaning).sum()), int((asked & ~leaning).sum())
            if within < _LEAST_ASKED:
                continue
            share = float((says & leaning).sum()) / within
            rest = (float((says & ~leaning).sum()) + 1) / (others + 2)
            if share >= _MAJORITY and share > rest:
                found.append((share - rest, column, side, says & leaning))
    found.sort(key=lambda one: (-one[0], one[1]))
    for _, first, side, says in found:
        for _, second, other_side, also in found:
            both = int((says & also).sum())
            if second != first and both >= max(_MAJORITY * int(says.sum()), _LEAST_ASKED):
                pair = ((population.questions[first].id, side), (population.questions[second].id, other_side))
                if len(_name_of(pair, names)) <= LONGEST_NAME:
                    yield pair
                    break
    for _, first, side, _ in sorted(
        found, key=lambda one: not _labelled(population.questions[one[1]].id, one[2], names)
    ):
        yield ((population.questions[first].id, side),)


def _labelled(question: str, side: tuple[int, ...], names: Names) -> bool:
    """Whether the name of a side says what it is about, and not the answer alone."""
    name = names.side(question, side, longest=LONGEST_NAME - len(_ALIKE))
    return not name.startswith(names.several(question, side)[:_ALONE])


def _name_of(claims: Sequence[Claim], names: Names) -> str:
    if len(claims) == 1:
        return names.side(*claims[0], longest=LONGEST_NAME - len(_ALIKE)) + _ALIKE
    first, second = (names.side(*claim) for claim in claims)
    labels = [names.labels[question] for question, _ in claims]
    answers = [names.several(question, side) for question, side in claims]
    if answers[0] == answers[1] and (first, second) == tuple(f"{label}: {answers[0]}" for label in labels):
        return f"{labels[0]}, {labels[1]}: {answers[0]}"
    return f"{first} · {second}"
