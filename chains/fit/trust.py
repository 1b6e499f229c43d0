"""Who is excluded from a Fit: near copies of others, and people whose answers are random or rarest of all.

People are judged by their answers alone, compared with everybody's. Excluded people keep their own persona. There are
three reasons, each with a setting of the engine that 0 turns off:

- `copy`: answers agree with another person's far more than chance and similarity explain; the first by id stays;
- `noise`: random ticking explains the answers better than base rates and the person's other answers do;
- `surprise`: answers are rarer than random ones, and far rarer than a minority's. A group of a tenth of all people who
  answer alike is a minority and widens what is usual: it cannot be distinguished from an attack.
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
from persona_db.chains.fit.factors import factor_posterior
from persona_db.chains.fit.normal import normal_quantiles
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import EngineSettings, FittedSettings

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
_TRAITS = 4  # with more of them and few people, everybody's own answers make traits that predict them
_ROUNDS = 8
_LEAST_UNIQUE, _LEAST_RATE = 0.3, 1e-4
_TENTH = 1.2816  # standard deviations that a tenth of a normal distribution lies beyond


@dataclass(frozen=True)
class Excluded:
    """A user whom a Fit excludes; `score` is the agreement, the nats for chance, or the deviations."""

    user: str
    reason: Reason
    score: float

    @property
    def row(self) -> dict[str, str | float]:
        """The row that the graph keeps."""
        return {"user": self.user, "reason": self.reason, "score": self.score}


@dataclass(frozen=True)
class PersonFit:
    """Person-fit statistics: how well people's answers fit everybody's, a number a person.

    `chance` is by how many nats random ticking explains the answers better than other answers and base rates do, `odd`
    the same for base rates alone. `excess` is the mean surprisal of an answer beyond its question's mean, `error` the
    sampling variance of that mean.
    """

    chance: Floats
    odd: Floats
    excess: Floats
    error: Floats


def left_out(table: AnswerTable, *, wording: Wording | None, settings: EngineSettings) -> tuple[Excluded, ...]:
    """Return who is excluded, by id; nobody among fewer than 30 people. Deterministic.

    Copies are excluded first; then everybody is judged by everybody's answers, again without those excluded, until
    nobody new is. Cost: up to eight times that of the links; for copies linear in the answers.
    """
    if len(table.users) < LEAST_PEOPLE:
        return ()
    found: dict[int, Excluded] = {}
    if settings.copies:
        for row, score in near_copies(table, least=settings.copies).items():
            found[row] = Excluded(table.users[row], "copy", round(score, 6))
    if settings.most_noise or settings.most_surprise:
        few = FittedSettings.of(settings).model_copy(update={"most_traits": min(settings.most_traits, _TRAITS)})
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
    """Return how many are excluded for each reason."""
    return dict(sorted(Counter(one.reason for one in people).items()))


def _principal(loadings: Floats, most: int) -> Floats:
    """Return the *most* principal directions of rotated loadings, largest first: those before the rotation."""
    _, _, directions = np.linalg.svd(loadings, full_matrices=False)
    return np.asarray(loadings @ directions[:most].T)


def judge(
    person_fit: PersonFit, usual: tuple[float, float], settings: EngineSettings
) -> dict[int, tuple[Reason, float]]:
    """Return the reason and the score of each row that is to be excluded; *usual* is that of a population."""
    middle, spread = usual
    apart = (person_fit.excess - middle) / np.sqrt(spread**2 + person_fit.error + 1e-12)
    reasons: dict[int, tuple[Reason, float]] = {}
    if settings.most_surprise:
        for row in np.flatnonzero((apart > settings.most_surprise) & (person_fit.odd > 0)).tolist():
            reasons[row] = ("surprise", round(float(apart[row]), 6))
    if settings.most_noise:
        for row in np.flatnonzero(person_fit.chance > settings.most_noise).tolist():
            reasons[row] = ("noise", round(float(person_fit.chance[row]), 6))
    return reasons


def judge_one(population: Population, user: str, choice: Choice) -> Excluded | None:
    """Judge one person by an existing Fit, from their row of answers; None for a person who is not excluded."""
    settings = population.settings
    if len(settings.surprise) != 2 or not (choice >= 0).any():
        return None
    usual = settings.surprise[0], settings.surprise[1]
    found = judge(person_fit_of(population, choice[None, :]), usual, settings).get(0)
    return None if found is None else Excluded(user, *found)


def usual_person_fit(person_fit: PersonFit) -> tuple[float, float]:
    """Return the median of people's mean excess surprisal, and its spread between people beyond sampling.

    They come from the 10th, 50th and 90th percentile: a few outliers change nothing, and a tenth of all is usual.
    """
    low, middle, high = np.percentile(person_fit.excess, [10, 50, 90])
    spread = (high - low) / (2 * _TENTH)
    return float(middle), float(np.sqrt(max(spread**2 - np.median(person_fit.error), 0.0)))


def person_fit_of(population: Population, choice: Choice) -> PersonFit:
    """Return the person-fit statistics of answers (users x questions): against base rates, traits, and chance.

    An answer's prediction from the other answers is a factor model's estimate by the strongest traits, without it.
    """
    answered = choice >= 0
    people = len(choice)
    loadings = _principal(population.loadings, _TRAITS)
    traits = loadings.shape[1]
    unique = np.maximum(1 - (loadings**2).sum(axis=1), _LEAST_UNIQUE)
    values = population.standardise(choice)
    scores, uncertain = factor_posterior(values, answered.astype(np.float64), loadings, unique)

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
            mean = (scores[on] @ own - known * values[on, column]) / (1 - known)
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
    """Return the surprisal of each chosen option for a latent mean and variance (see `Scale`)."""
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
    """Return the signals of those whom a Fit learns from, and who is excluded."""
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
    if terms is not None and not terms.any():
        terms = None
    return replace(signals, table=table, attributes=attributes, terms=terms), out
