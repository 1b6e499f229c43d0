"""Whom a Fit does not learn from: near copies of others, and people whose answers say nothing or the rarest of all.

Judged from the answers alone, against what everybody's answers say. Left-out people keep their own persona.
Three reasons, each a setting of the engine that 0 turns off:

- `copy`: answers agree with somebody else's far more than chance and likeness would have it; the first by id stays;
- `noise`: ticking at random explains the answers better than base rates and the person's other answers do;
- `surprise`: rarer answers than random ones, and far rarer than a minority gives. A group of a tenth of all people
  who answer alike widens what counts as usual: it is a minority, not an attack, and cannot be told from one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Signals, Wording
from persona_db.chains.fit.copies import LEAST_PEOPLE, near_copies
from persona_db.chains.fit.normal import normal_quantiles
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import EngineSettings

__all__ = [
    "Excluded",
    "PersonFit",
    "counted",
    "judge",
    "judge_one",
    "left_out",
    "person_fit_of",
    "trusted",
    "usual_person_fit",
]

Floats = NDArray[np.float64]
Choice = NDArray[np.int16]
Integers = NDArray[np.int64]
Reason = Literal["copy", "noise", "surprise"]
_TRAITS = 4  # with more, of few people, everybody's own answers make traits that foretell them
_ROUNDS = 8
_LEAST_UNIQUE, _LEAST_RATE = 0.3, 1e-4
_TENTH = 1.2816  # standard deviations that a tenth of a normal distribution lies beyond


@dataclass(frozen=True)
class Excluded:
    """A user whom a Fit does not learn from. `score` is the agreement, the nats for chance, or the deviations."""

    user: str
    reason: Reason
    score: float

    @property
    def row(self) -> dict[str, str | float]:
        """What the graph keeps of it."""
        return {"user": self.user, "reason": self.reason, "score": self.score}


@dataclass(frozen=True)
class PersonFit:
    """How some people's answers go with everybody's, a number each.

    `chance` and `odd` are nats by which random ticking explains the answers better than other answers and base
    rates do, and than base rates alone; `excess` the mean surprise of an answer beyond what its question gives,
    `error` the variance of that mean by sampling alone.
    """

    chance: Floats
    odd: Floats
    excess: Floats
    error: Floats


def left_out(table: AnswerTable, *, wording: Wording | None, settings: EngineSettings) -> tuple[Excluded, ...]:
    """Return whom not to learn from, by id; nobody among fewer than 30 people. Deterministic.

    Copies first; then everybody is judged by what the others say, again without those found, while some are found.
    Cost: that of the links, some times over; for copies linear in the answers.
    """
    if len(table.users) < LEAST_PEOPLE:
        return ()
    found: dict[int, Excluded] = {}
    if settings.copies:
        for row, score in near_copies(table, least=settings.copies).items():
            found[row] = Excluded(table.users[row], "copy", round(score, 6))
    if settings.most_noise or settings.most_surprise:
        few = settings.model_copy(update={"most_traits": min(settings.most_traits, _TRAITS)})
        for _ in range(_ROUNDS):
            kept = np.array([row for row in range(len(table.users)) if row not in found], dtype=np.int64)
            if len(kept) < LEAST_PEOPLE:
                break
            some = AnswerTable(tuple(table.users[row] for row in kept), table.questions, table.choice[kept])
            population = fit_population(some, wording=wording, settings=few)
            person_fit = person_fit_of(population, some.choice)
            reasons = judge(person_fit, usual_person_fit(person_fit), settings)
            fresh = {int(kept[at]): Excluded(some.users[at], reason, score) for at, (reason, score) in reasons.items()}
            if not fresh:
                break
            found.update(fresh)
    return tuple(sorted(found.values(), key=lambda one: one.user))


def counted(people: Sequence[Excluded]) -> dict[str, int]:
    """How many are left out for each reason."""
    return dict(sorted(Counter(one.reason for one in people).items()))


def judge(
    person_fit: PersonFit, usual: tuple[float, float], settings: EngineSettings
) -> dict[int, tuple[Reason, float]]:
    """Return why people are to be left out, and how clearly, by their place; *usual* is that of a population."""
    middle, spread = usual
    apart = (person_fit.excess - middle) / np.sqrt(spread**2 + person_fit.error + 1e-12)
    reasons: dict[int, tuple[Reason, float]] = {}
    if settings.most_surprise:
        for place in np.flatnonzero((apart > settings.most_surprise) & (person_fit.odd > 0)).tolist():
            reasons[place] = ("surprise", round(float(apart[place]), 6))
    if settings.most_noise:
        for place in np.flatnonzero(person_fit.chance > settings.most_noise).tolist():
            reasons[place] = ("noise", round(float(person_fit.chance[place]), 6))
    return reasons


def judge_one(population: Population, user: str, choice: Choice) -> Excluded | None:
    """Judge one person by a Fit that is there, from their row of answers; None where they can be lent from."""
    settings = population.settings
    if len(settings.surprise) != 2 or not (choice >= 0).any():
        return None
    usual = settings.surprise[0], settings.surprise[1]
    found = judge(person_fit_of(population, choice[None, :]), usual, settings).get(0)
    return None if found is None else Excluded(user, *found)


def usual_person_fit(person_fit: PersonFit) -> tuple[float, float]:
    """Middle of people's mean excess surprise, and its spread between people beyond what sampling gives.

    From the 10th, 50th and 90th of a hundred people: a few outliers change nothing, and a tenth of all is usual.
    """
    low, middle, high = np.percentile(person_fit.excess, [10, 50, 90])
    spread = (high - low) / (2 * _TENTH)
    return float(middle), float(np.sqrt(max(spread**2 - np.median(person_fit.error), 0.0)))


def person_fit_of(population: Population, choice: Choice) -> PersonFit:
    """Weigh people's answers (users x questions) against base rates, traits, and chance.

    What the other answers say of one comes from the strongest traits: a factor model's estimate without that answer.
    """
    answered = choice >= 0
    people = len(choice)
    loadings = population.loadings[:, :_TRAITS]
    traits = loadings.shape[1]
    unique = np.maximum(1 - (loadings**2).sum(axis=1), _LEAST_UNIQUE)
    weighted = loadings / unique[:, None]
    precision = answered.astype(np.float64) @ (weighted[:, :, None] * loadings[:, None, :]).reshape(
        len(loadings), traits**2
    )
    uncertain = np.linalg.inv(precision.reshape(people, traits, traits) + np.eye(traits))
    values = population.standardise(choice)
    places = np.einsum("uij,uj->ui", uncertain, values @ weighted)

    total, by_rate, by_others, excess, error = np.zeros((5, people))
    for column, scale in enumerate(population.scales):
        on = np.flatnonzero(answered[:, column])
        width = len(scale.rates)
        if not len(on) or not width:
            continue
        chosen = choice[on, column]
        surprise = -np.log(np.maximum(scale.rates, _LEAST_RATE))
        expected = float(scale.rates @ surprise)
        total[on] += 1
        by_rate[on] += surprise[chosen] - np.log(width)
        excess[on] += surprise[chosen] - expected
        error[on] += scale.rates @ (surprise - expected) ** 2
        if traits and len(scale.order) > 1:
            own = loadings[column]
            known = (uncertain[on] @ own) @ own / unique[column]
            mean = (places[on] @ own - known * values[on, column]) / (1 - known)
            variance = unique[column] * (1 + known / (1 - known))
            spread = float(own @ own + unique[column])
            by_others[on] += (
                _surprises(scale.rates, scale.order, chosen, mean / np.sqrt(spread), variance / spread)
            ) - np.log(width)
        else:
            by_others[on] += surprise[chosen] - np.log(width)
    most = np.maximum(total, 1)
    return PersonFit(chance=by_others, odd=by_rate, excess=excess / most, error=error / most**2)


def _surprises(rates: Floats, order: tuple[int, ...], chosen: Choice, means: Floats, variances: Floats) -> Floats:
    """Surprise of each chosen option when the latent answer has that mean and variance (see `Scale`)."""
    from scipy.special import ndtr

    on_scale = list(order)
    mass = rates[on_scale].sum()
    cuts = normal_quantiles(np.clip(np.cumsum(rates[on_scale] / mass)[:-1], 1e-6, 1 - 1e-6))
    below = ndtr((cuts[None, :] - means[:, None]) / np.sqrt(variances)[:, None])
    edges = np.concatenate([np.zeros((len(means), 1)), below, np.ones((len(means), 1))], axis=1)
    likely = np.tile(rates, (len(means), 1))
    likely[:, on_scale] = np.diff(edges, axis=1) * mass
    return np.asarray(-np.log(np.maximum(likely[np.arange(len(means)), chosen], _LEAST_RATE)))


def trusted(signals: Signals, settings: EngineSettings) -> tuple[Signals, tuple[Excluded, ...]]:
    """Return the signals of those whom a Fit learns from, and who is left out."""
    out = left_out(signals.table, wording=signals.wording, settings=settings)
    if not out:
        return signals, out
    names = {one.user for one in out}
    rows = [row for row, user in enumerate(signals.table.users) if user not in names]
    table = AnswerTable(
        tuple(signals.table.users[row] for row in rows), signals.table.questions, signals.table.choice[rows]
    )
    attributes = tuple(signals.attributes[row] for row in rows)
    terms = None if signals.terms is None else signals.terms[rows]
    if terms is not None and np.isnan(terms[:, 0]).all():
        terms = None
    return replace(signals, table=table, attributes=attributes, terms=terms), out
