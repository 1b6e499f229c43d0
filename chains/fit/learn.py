"""Learning a Fit: base rates, links, traits, cache keys and summaries, from everybody who is not excluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Signals
from persona_db.chains.fit.conditioning import residuals
from persona_db.chains.fit.copies import LEAST_PEOPLE
from persona_db.chains.fit.keys import CacheKey, key_names, make_keys, profiles
from persona_db.chains.fit.leanings import Leaning, PersonLeanings, leanings, term_leanings
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.summaries import Summary, summarise
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.fit.traits import Pole, poles_of, said
from persona_db.chains.fit.trust import Excluded, person_fit_of, trusted, usual_person_fit
from persona_db.chains.fit.tuning import choose_settings, choose_together
from persona_db.chains.fit.unseen import measure_unseen
from persona_db.chains.labels.names import Names
from persona_db.graph.ids import fit_id

__all__ = ["Learned", "collaboration", "fingerprint", "learn", "learn_population", "names_of", "people_of", "stated"]

Floats = NDArray[np.float64]
_FORM = "together"  # changes when the same signals make another Fit
_SAMPLE = 400
_TOP = 50
_RESIDUAL_ITEMS = 20


@dataclass(frozen=True)
class Learned:
    """Everything that a Fit holds beside the personas."""

    population: Population
    keys: Mapping[str, CacheKey]
    names: Names
    poles: Mapping[str, Pole] = field(default_factory=dict)
    summaries: tuple[Summary, ...] = ()
    signals: Signals | None = None
    """The signals of those it was learned from; None for a Fit that was read back."""
    excluded: tuple[Excluded, ...] = ()


def fingerprint(signals: Signals, settings: EngineSettings, *, seed: int, through: str) -> str:
    """Return the id of a Fit: the same for the same signals, settings, seed and date."""
    digest = blake2b(digest_size=8)
    for part in (
        _FORM,
        settings.model_dump_json(include=set(EngineSettings.model_fields)),
        str(seed),
        through,
        repr(signals.table.users),
        repr([(q.id, q.text, q.options, q.ordinal, q.label, q.stances, q.content) for q in signals.table.questions]),
        repr([(q.id, q.directions) for q in signals.table.questions if q.directions] or ""),
        repr(signals.attributes),
        repr(sorted(signals.statements.items())),
    ):
        digest.update(part.encode())
        digest.update(b"\0")
    digest.update(signals.table.choice.tobytes())
    wording = signals.wording
    texts = (None,) if wording is None else (wording.questions, *(wording.options or ()))
    for numbers in (*texts, signals.terms):
        digest.update(b"-" if numbers is None else np.round(numbers, 6).tobytes())
    return fit_id(digest.digest())


@one_thread()
def learn(signals: Signals, settings: EngineSettings, *, seed: int) -> Learned:
    """Learn base rates, links, traits, keys and summaries from everybody who is not excluded.

    Parameters are chosen on validation folds first.
    """
    signals, out = trusted(signals, settings)
    population = learn_population(signals, settings, seed=seed)
    fitted = population.settings
    if len(signals.table.users) >= LEAST_PEOPLE and population.questions:
        usual = usual_person_fit(person_fit_of(population, signals.table.choice))
        fitted = fitted.model_copy(update={"surprise": usual})
        population = replace(population, settings=fitted)
    unseen = measure_unseen(population, signals.wording, seed=seed)
    fitted = fitted.model_copy(update={"unseen": unseen})
    population = replace(population, settings=fitted)
    names = names_of(signals)
    people, held = people_of(population, signals)
    traits = np.array([own.traits for own in people]).reshape(len(people), population.loadings.shape[1])
    poles = poles_of(population, signals.table.choice, traits, names)
    held = [stated(population, own, choice, poles) for own, choice in zip(held, signals.table.choice, strict=True)]
    keys = make_keys(population, held, traits, key_names(population, held, names, poles), poles)
    summaries = summarise(signals.table, population, keys, held, most=fitted.links)
    found = collaboration(signals.table, population, keys, held, seed=seed)
    fitted = fitted.model_copy(update={"collaboration": found})
    population = replace(population, settings=fitted)
    return Learned(population, keys, names, poles, tuple(summaries), signals, out)


def people_of(population: Population, signals: Signals) -> tuple[list[PersonLeanings], list[tuple[Leaning, ...]]]:
    """Return what distinguishes everybody of *signals*, and their keys, with terms of their texts."""
    people = [
        leanings(population, choice, own) for choice, own in zip(signals.table.choice, signals.attributes, strict=True)
    ]
    held = [own.keys for own in people]
    if signals.terms is not None:
        held = [(*own, *term_leanings(population.settings, row)) for own, row in zip(held, signals.terms, strict=True)]
    return people, held


@one_thread()
def learn_population(signals: Signals, settings: EngineSettings, *, seed: int) -> Population:
    """Learn base rates, links and traits only, from all of *signals*, with parameters chosen on validation folds."""
    fitted = choose_settings(signals.table, wording=signals.wording, settings=settings, seed=seed)
    together = choose_together(signals.table, wording=signals.wording, settings=fitted, seed=seed)
    fitted = fitted.model_copy(update={"together": together})
    population = fit_population(signals.table, wording=signals.wording, settings=fitted)
    return population.with_responses(signals.table.choice)


def names_of(signals: Signals) -> Names:
    """Return what the questions and answers of *signals* are called."""
    return Names.of(signals.table.questions, signals.statements)


def stated(
    population: Population, own: Sequence[Leaning], choice: NDArray[np.int16], poles: Mapping[str, Pole]
) -> tuple[Leaning, ...]:
    """Return a person's leanings, those to poles no longer inferred whose claims the person's own answers make true."""
    answers = {population.questions[q].id: int(choice[q]) for q in np.flatnonzero(choice >= 0)}
    return tuple(
        replace(one, inferred=False)
        if one.inferred and one.key in poles and said(poles[one.key].claims, answers)
        else one
        for one in own
    )


def collaboration(
    table: AnswerTable,
    population: Population,
    keys: Mapping[str, CacheKey],
    people: Sequence[Sequence[Leaning]],
    *,
    seed: int,
) -> float:
    """Return the correlation of a person's residual with a close collaborator's on the same question, 0 or more.

    A residual is an answer minus its prediction from the person's other answers: what a collaborator can still add.
    It is measured on 400 people drawn by *seed*, with the 50 collaborators of highest JOIN score.
    """
    size = len(people)
    if size < _TOP or not keys or not population.questions:
        return 0.0
    profile = profiles(people, keys)
    values = population.standardise(table.choice)
    drawn = np.random.default_rng(seed).permutation(size)[:_SAMPLE]
    cache: dict[int, Floats] = {}

    def residual_row(person: int) -> Floats:
        if person not in cache:
            answered = np.flatnonzero(table.choice[person] >= 0)
            row = np.full(len(population.questions), np.nan)
            row[answered] = residuals(
                population.links[np.ix_(answered, answered)],
                values[person, answered],
                size=_RESIDUAL_ITEMS,
                ridge=population.settings.ridge,
            )
            cache[person] = row
        return cache[person]

    scores = (profile[drawn] @ profile.T).toarray()
    product = square = 0.0
    for row, person in enumerate(drawn):
        scores[row, person] = -np.inf
        mine = residual_row(int(person))
        theirs = np.stack([residual_row(int(other)) for other in np.argpartition(-scores[row], _TOP - 1)[:_TOP]])
        both = mine * theirs
        known = ~np.isnan(both)
        product += float(both[known].sum())
        square += float(np.broadcast_to(mine**2, known.shape)[known].sum() + (theirs[known] ** 2).sum()) / 2
    return round(float(np.clip(product / square, 0.0, 0.5)), 6) if square > 0 else 0.0
