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
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from persona_db.chains.statistical.population import AnswerTable, Population, Wording, fit_population
from persona_db.chains.statistical.settings import EngineSettings

__all__ = [
    "LEAST_PEOPLE",
    "Grain",
    "LeftOut",
    "counted",
    "grain_of",
    "judge",
    "judge_one",
    "left_out",
    "near_copies",
    "usual_grain",
]

Floats = NDArray[np.float64]
Choice = NDArray[np.int16]
Integers = NDArray[np.int64]
Reason = Literal["copy", "noise", "surprise"]

LEAST_PEOPLE = 30
"""Among fewer nobody is left out: what is usual cannot be told."""

_LEAST_ANSWERS = 20
_TRAITS = 4  # with more, of few people, everybody's own answers make traits that foretell them
_ROUNDS = 8
_HASHES, _BAND = 48, 4
_NEIGHBOURS = 2
_SAMPLE, _COMPARED = 200, 5_000
_BY_CHANCE = 1e-4
_LEAST_UNIQUE, _LEAST_RATE = 0.3, 1e-4
_TENTH = 1.2816  # standard deviations that a tenth of a normal distribution lies beyond
_PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class LeftOut:
    """A user whom a Fit does not learn from. `score` is the agreement, the nats for chance, or the deviations."""

    user: str
    reason: Reason
    score: float

    @property
    def row(self) -> dict[str, str | float]:
        """What the graph keeps of it."""
        return {"user": self.user, "reason": self.reason, "score": self.score}


@dataclass(frozen=True)
class Grain:
    """How some people's answers go with everybody's, a number each.

    `chance` and `odd` are nats by which random ticking explains the answers better than other answers and base
    rates do, and than base rates alone; `excess` the mean surprise of an answer beyond what its question gives,
    `error` the variance of that mean by sampling alone.
    """

    chance: Floats
    odd: Floats
    excess: Floats
    error: Floats


def left_out(table: AnswerTable, *, wording: Wording | None, settings: EngineSettings) -> tuple[LeftOut, ...]:
    """Return whom not to learn from, by id; nobody among fewer than 30 people. Deterministic.

    Copies first; then everybody is judged by what the others say, again without those found, while some are found.
    Cost: that of the links, some times over; for copies linear in the answers.
    """
    if len(table.users) < LEAST_PEOPLE:
        return ()
    found: dict[int, LeftOut] = {}
    if settings.copies:
        for row, score in near_copies(table, least=settings.copies).items():
            found[row] = LeftOut(table.users[row], "copy", round(score, 6))
    if settings.most_noise or settings.most_surprise:
        few = settings.model_copy(update={"most_traits": min(settings.most_traits, _TRAITS)})
        for _ in range(_ROUNDS):
            kept = np.array([row for row in range(len(table.users)) if row not in found], dtype=np.int64)
            if len(kept) < LEAST_PEOPLE:
                break
            some = AnswerTable(tuple(table.users[row] for row in kept), table.questions, table.choice[kept])
            population = fit_population(some, wording=wording, settings=few)
            grain = grain_of(population, some.choice)
            reasons = judge(grain, usual_grain(grain), settings)
            fresh = {int(kept[at]): LeftOut(some.users[at], reason, score) for at, (reason, score) in reasons.items()}
            if not fresh:
                break
            found.update(fresh)
    return tuple(sorted(found.values(), key=lambda one: one.user))


def counted(people: Sequence[LeftOut]) -> dict[str, int]:
    """How many are left out for each reason."""
    return dict(sorted(Counter(one.reason for one in people).items()))


def judge(grain: Grain, usual: tuple[float, float], settings: EngineSettings) -> dict[int, tuple[Reason, float]]:
    """Return why people are to be left out, and how clearly, by their place; *usual* is that of a population."""
    middle, spread = usual
    apart = (grain.excess - middle) / np.sqrt(spread**2 + grain.error + 1e-12)
    reasons: dict[int, tuple[Reason, float]] = {}
    if settings.most_surprise:
        for place in np.flatnonzero((apart > settings.most_surprise) & (grain.odd > 0)).tolist():
            reasons[place] = ("surprise", round(float(apart[place]), 6))
    if settings.most_noise:
        for place in np.flatnonzero(grain.chance > settings.most_noise).tolist():
            reasons[place] = ("noise", round(float(grain.chance[place]), 6))
    return reasons


def judge_one(population: Population, user: str, choice: Choice) -> LeftOut | None:
    """Judge one person by a Fit that is there, from their row of answers; None where they can be lent from."""
    settings = population.settings
    if len(settings.surprise) != 2 or not (choice >= 0).any():
        return None
    usual = settings.surprise[0], settings.surprise[1]
    found = judge(grain_of(population, choice[None, :]), usual, settings).get(0)
    return None if found is None else LeftOut(user, *found)


def usual_grain(grain: Grain) -> tuple[float, float]:
    """Middle of people's mean excess surprise, and its spread between people beyond what sampling gives.

    From the 10th, 50th and 90th of a hundred people: a few outliers change nothing, and a tenth of all is usual.
    """
    low, middle, high = np.percentile(grain.excess, [10, 50, 90])
    spread = (high - low) / (2 * _TENTH)
    return float(middle), float(np.sqrt(max(spread**2 - np.median(grain.error), 0.0)))


def grain_of(population: Population, choice: Choice) -> Grain:
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
    return Grain(chance=by_others, odd=by_rate, excess=excess / most, error=error / most**2)


def _surprises(rates: Floats, order: tuple[int, ...], chosen: Choice, means: Floats, variances: Floats) -> Floats:
    """Surprise of each chosen option when the latent answer has that mean and variance (see `Scale`)."""
    from scipy.special import ndtri

    on_scale = list(order)
    mass = rates[on_scale].sum()
    cuts = ndtri(np.clip(np.cumsum(rates[on_scale] / mass)[:-1], 1e-6, 1 - 1e-6))
    below = ndtr((cuts[None, :] - means[:, None]) / np.sqrt(variances)[:, None])
    edges = np.concatenate([np.zeros((len(means), 1)), below, np.ones((len(means), 1))], axis=1)
    likely = np.tile(rates, (len(means), 1))
    likely[:, on_scale] = np.diff(edges, axis=1) * mass
    return np.asarray(-np.log(np.maximum(likely[np.arange(len(means)), chosen], _LEAST_RATE)))


def near_copies(table: AnswerTable, *, least: float) -> dict[int, float]:
    """Return the rows of users who copy one of a lower id, each with how far they agree: 1 is in all both answered.

    Agreement beyond chance (Cohen's kappa) of *least* or more, on 20 questions or more, and such as people who are
    ordinarily each other's likest would have once in ten thousand: members of a party who vote alike are no copies.
    """
    able = np.flatnonzero((table.choice >= 0).sum(axis=1) >= _LEAST_ANSWERS)
    if len(able) < LEAST_PEOPLE:
        return {}
    alike = _Agreement(table.choice[able])
    first, second = _candidates(table.choice[able])
    kappa, differ, both = alike(first, second)
    close = kappa >= least
    if not close.any():
        return {}
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.stats import binom

    close &= binom.cdf(differ, both, _ordinary_difference(alike, len(able), below=least)) < _BY_CHANCE
    first, second, kappa = first[close], second[close], kappa[close]
    pairs = coo_array((np.ones(len(first)), (first, second)), shape=(len(able), len(able)))
    _, cluster = connected_components(pairs, directed=False)
    best = np.zeros(len(able))
    np.maximum.at(best, first, kappa)
    np.maximum.at(best, second, kappa)
    paired = sorted(np.flatnonzero(best > 0).tolist(), key=lambda place: table.users[able[place]])
    stays: dict[int, int] = {}
    for place in paired:
        stays.setdefault(int(cluster[place]), place)
    return {int(able[at]): float(best[at]) for at in paired if stays[int(cluster[at])] != at}


class _Agreement:
    """How pairs of people agree: kappa (0 where too little is common), in how many they differ, and of how many."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        answers = [column[column >= 0] for column in choice.T]
        self._chance = np.array([((np.bincount(a) / max(len(a), 1)) ** 2).sum() for a in answers])

    def __call__(self, first: Integers, second: Integers) -> tuple[Floats, Integers, Integers]:
        kappa = np.zeros(len(first))
        differ, common = np.zeros((2, len(first)), dtype=np.int64)
        for start in range(0, len(first), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            one, other = self._choice[first[some]], self._choice[second[some]]
            both = (one >= 0) & (other >= 0)
            n = both.sum(axis=1)
            different = ((one != other) & both).sum(axis=1)
            chance = np.minimum((both @ self._chance) / np.maximum(n, 1), 1 - 1e-9)
            kappa[some] = np.where(n >= _LEAST_ANSWERS, 1 - different / np.maximum(n, 1) / (1 - chance), 0.0)
            differ[some], common[some] = different, n
        return kappa, differ, common


def _candidates(choice: Choice) -> tuple[Integers, Integers]:
    """Pairs who may agree in nearly all: those who are next to each other by a part of their signatures.

    A signature is of least hashes of a person's answers: two are equal in a place as often as answers are shared.
    """
    widest = int(choice.max()) + 1
    rng = np.random.default_rng(0)
    hashes = rng.integers(1, 2**32 - 1, size=(_HASHES, choice.shape[1], widest), dtype=np.uint32)
    signature = np.empty((len(choice), _HASHES), dtype=np.uint32)
    columns = np.arange(choice.shape[1])
    answered, option = choice >= 0, np.maximum(choice, 0)
    for place, drawn in enumerate(hashes):
        signature[:, place] = np.where(answered, drawn[columns, option], np.uint32(2**32 - 1)).min(axis=1)
    pairs = []
    for band in range(0, _HASHES, _BAND):
        turned = np.roll(signature, -band, axis=1)
        order = np.lexsort(turned.T[::-1])
        head = turned[order, :_BAND]
        for step in range(1, _NEIGHBOURS + 1):
            same = (head[step:] == head[:-step]).all(axis=1)
            pairs.append(np.sort(np.stack([order[:-step][same], order[step:][same]]), axis=0))
    found = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return found[0], found[1]


def _ordinary_difference(alike: _Agreement, people: int, *, below: float) -> float:
    """In what share of answers somebody differs from their likest: a low one, of those whose likest is no copy."""
    rng = np.random.default_rng(0)
    drawn = rng.permutation(people)[:_SAMPLE]
    others = np.sort(rng.permutation(people)[:_COMPARED])
    found = []
    for person in drawn.tolist():
        kappa, differ, both = alike(np.full(len(others), person), others)
        kappa = np.where((kappa < below) & (others != person), kappa, -1.0)
        likest = int(kappa.argmax())
        if kappa[likest] > 0:
            found.append(differ[likest] / both[likest])
    return float(np.percentile(found, 10)) if found else 0.0
