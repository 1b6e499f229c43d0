"""A Fit in memory: what a refinement learns from everybody, and the same read back from the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.statistical.choose import choose_settings
from persona_db.chains.statistical.defences import LEAST_PEOPLE, LeftOut, grain_of, left_out, usual_grain
from persona_db.chains.statistical.engine import Lexicon, StatisticalEngine
from persona_db.chains.statistical.estimate import residuals
from persona_db.chains.statistical.keybook import (
    CacheKey,
    Summary,
    key_row,
    make_keys,
    opposite_rows,
    read_keys,
    summarise,
    units,
)
from persona_db.chains.statistical.leaning import Leaning, PersonLeanings, leanings
from persona_db.chains.statistical.population import AnswerTable, Population, Wording, fit_population
from persona_db.chains.statistical.scale import Scale
from persona_db.chains.statistical.settings import EngineSettings
from persona_db.chains.statistical.traits import pole_names
from persona_db.graph.models import Question

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from persona_db.graph.session import Graph

__all__ = [
    "Learned",
    "Signals",
    "collaboration",
    "fingerprint",
    "learn",
    "learn_population",
    "load_engine",
    "people_of",
    "profiles",
    "question_of",
    "store_keys",
    "store_learned",
    "store_left_out",
    "store_population",
    "store_summaries",
    "strongest_links",
    "trusted",
]

Floats = NDArray[np.float64]

_SAMPLE = 400
_TOP = 50
_RESIDUAL_ITEMS = 20


@dataclass(frozen=True)
class Signals:
    """What a Fit is made of: everybody's answers and attributes, and how near their texts come to each term.

    `terms` is people x vocabulary, NaN rows for people without free text; None where nobody has any.
    """

    table: AnswerTable
    attributes: tuple[tuple[str, ...], ...]
    wording: Wording | None
    statements: Mapping[tuple[str, int], str]
    terms: Floats | None = None


@dataclass(frozen=True)
class Learned:
    """All that a Fit holds beside the personas."""

    engine: StatisticalEngine
    summaries: tuple[Summary, ...]
    signals: Signals
    """Of those whom it was learned from."""
    left_out: tuple[LeftOut, ...] = ()


def fingerprint(signals: Signals, settings: EngineSettings, *, seed: int, through: str) -> str:
    """Return an id that is the same whenever all that a Fit is made of is the same."""
    digest = blake2b(digest_size=8)
    for part in (
        settings.model_dump_json(),
        str(seed),
        through,
        repr(signals.table.users),
        repr([(q.id, q.text, q.options, q.ordinal) for q in signals.table.questions]),
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
    return f"fit-{digest.hexdigest()}"


def trusted(signals: Signals, settings: EngineSettings) -> tuple[Signals, tuple[LeftOut, ...]]:
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


def learn(signals: Signals, settings: EngineSettings, *, seed: int, lexicon: Lexicon | None = None) -> Learned:
    """Learn base rates, links, traits, keys and summaries of those who are trusted.

    Settings are chosen on inner folds first.
    """
    signals, out = trusted(signals, settings)
    settings = choose_settings(signals.table, wording=signals.wording, settings=settings, seed=seed)
    if signals.terms is not None:
        known = signals.terms[~np.isnan(signals.terms[:, 0])]
        means, spreads = known.mean(axis=0), np.maximum(known.std(axis=0), 1e-6)
        settings = settings.model_copy(
            update={"term_means": tuple(map(float, means)), "term_spreads": tuple(map(float, spreads))}
        )
    population = fit_population(signals.table, wording=signals.wording, settings=settings)
    settings = population.settings
    if len(signals.table.users) >= LEAST_PEOPLE and population.questions:
        usual = usual_grain(grain_of(population, signals.table.choice))
        settings = settings.model_copy(update={"surprise": usual})
        population = replace(population, settings=settings)
    names = _names(population, signals)
    people, held = people_of(population, signals)
    traits = np.array([own.traits for own in people]).reshape(len(people), population.loadings.shape[1])
    keys = make_keys(population, held, traits, names)
    summaries = summarise(signals.table, population, keys, held, most=settings.links)
    found = collaboration(signals.table, population, keys, held, seed=seed)
    settings = settings.model_copy(update={"collaboration": found})
    population = replace(population, settings=settings)
    return Learned(StatisticalEngine(population, keys, names, lexicon), tuple(summaries), signals, out)


def people_of(population: Population, signals: Signals) -> tuple[list[PersonLeanings], list[tuple[Leaning, ...]]]:
    """Return what sets everybody of *signals* apart, and the keys that they lean to, terms of their texts too."""
    people = [
        leanings(population, choice, own) for choice, own in zip(signals.table.choice, signals.attributes, strict=True)
    ]
    held = [own.keys for own in people]
    if signals.terms is not None:
        engine = StatisticalEngine(population)
        held = [
            (*own, *(engine.term_leanings(row) if not np.isnan(row[0]) else ()))
            for own, row in zip(held, signals.terms, strict=True)
        ]
    return people, held


def learn_population(signals: Signals, settings: EngineSettings, *, seed: int) -> Population:
    """Learn base rates, links and traits alone, from all of *signals*; settings are chosen on inner folds first."""
    settings = choose_settings(signals.table, wording=signals.wording, settings=settings, seed=seed)
    return fit_population(signals.table, wording=signals.wording, settings=settings)


def _names(population: Population, signals: Signals) -> dict[str, str]:
    """What keys are called: stances by their statement, poles by their strongest statements."""
    statements = [
        [
            signals.statements.get((question.id, option), f"{question.text}: {name}")
            for option, name in enumerate(question.options)
        ]
        for question in population.questions
    ]
    names = pole_names(population, statements)
    for question, texts in zip(population.questions, statements, strict=True):
        names.update({f"stance:{question.id}={option}": text for option, text in enumerate(texts)})
    return names


def collaboration(
    table: AnswerTable,
    population: Population,
    keys: Mapping[str, CacheKey],
    people: Sequence[Sequence[Leaning]],
    *,
    seed: int,
) -> float:
    """Correlation between one's residual and that of a close collaborator on the same question; 0 at least.

    A residual is an answer less what the person's other answers predict for it: what a collaborator can still add.
    Measured on 400 people drawn by *seed*, with their 50 closest by JOIN score.
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


def profiles(people: Sequence[Sequence[Leaning]], keys: Mapping[str, CacheKey]) -> csr_array:
    """Return everybody's key profile (people x keys, sparse): the dot product of two rows is their JOIN score.

    Opposite keys share a column, with opposite signs.
    """
    from scipy.sparse import csr_array

    position = {key: column for column, key in enumerate(keys)}
    rows, columns, entries = [], [], []
    for person, own in enumerate(people):
        held = [leaning for leaning in own if leaning.key in keys]
        for leaning, unit in zip(held, units([(h.weight, keys[h.key].idf) for h in held]), strict=True):
            opposite = keys[leaning.key].opposite
            flipped = opposite in keys and str(opposite) < leaning.key
            rows.append(person)
            columns.append(position[str(opposite)] if flipped else position[leaning.key])
            entries.append(-unit if flipped else unit)
    return csr_array((entries, (rows, columns)), shape=(len(people), len(keys)))


def store_learned(graph: Graph, dataset: str, fit: str, learned: Learned) -> None:
    """Write who is left out, base rates, links, keys, opposites and summaries; again, it changes nothing."""
    store_left_out(graph, dataset, fit, learned.left_out)
    store_population(graph, dataset, fit, learned.engine.population)
    store_keys(graph, dataset, fit, learned.engine.keys)
    store_summaries(graph, dataset, fit, learned.summaries)


def store_left_out(graph: Graph, dataset: str, fit: str, people: Sequence[LeftOut]) -> None:
    """Write whom a Fit lends nothing from, and why; before their personas, which are then not proposed to others."""
    rows = [{**one.row, "at": ""} for one in people]
    graph.write_batches("store_distrusted", rows, what="users left out", dataset=dataset, fit=fit)


def store_population(graph: Graph, dataset: str, fit: str, population: Population) -> None:
    """Write base rates and links."""
    rates: list[dict[str, Any]] = [
        {
            "question": question.id,
            "counts": [int(c) for c in counts],
            "rates": [float(r) for r in scale.rates],
            "loadings": [float(x) for x in loadings],
            "told_by": float(told_by),
        }
        for question, counts, scale, loadings, told_by in zip(
            population.questions,
            population.counts,
            population.scales,
            population.loadings,
            population.told_by,
            strict=True,
        )
    ]
    graph.write_batches("store_base_rates", rates, what="base rates", dataset=dataset, fit=fit)
    graph.write_batches("store_links", strongest_links(population), what="links", dataset=dataset, fit=fit)


def store_keys(graph: Graph, dataset: str, fit: str, keys: Mapping[str, CacheKey]) -> None:
    """Write cache keys and which of them are opposites."""
    rows = [{**key_row(key), "loadings": list(key.loadings)} for key in keys.values()]
    graph.write_batches("store_keys", rows, what="cache keys", dataset=dataset, fit=fit)
    graph.write_batches("store_opposites", opposite_rows(keys, keys), what="opposites", dataset=dataset, fit=fit)


def store_summaries(graph: Graph, dataset: str, fit: str, summaries: Sequence[Summary]) -> None:
    """Write what holders of keys answered."""
    by_key: dict[str, list[dict[str, object]]] = {}
    for summary in summaries:
        by_key.setdefault(summary.key, []).append(
            {"question": summary.question, "counts": list(summary.counts), "n": summary.n}
        )
    grouped = [{"key": key, "summaries": found} for key, found in by_key.items()]
    graph.write_batches("store_summaries", grouped, what="key summaries", dataset=dataset, fit=fit)


def strongest_links(population: Population) -> list[dict[str, Any]]:
    """Return a row for each question: its links as stored, [question, correlation, people], strongest first."""
    strength = np.abs(population.links)
    np.fill_diagonal(strength, -1.0)
    ids = [question.id for question in population.questions]
    rows = []
    for column, question in enumerate(ids):
        strongest = np.argsort(-strength[column], kind="stable")[: population.settings.links]
        links = [
            [ids[other], float(population.links[column, other]), int(population.pairs[column, other])]
            for other in strongest
            if strength[column, other] > 1e-6
        ]
        rows.append({"question": question, "links": links})
    return rows


def question_of(row: Mapping[str, Any]) -> Question:
    """Make a Question of a row that has its properties; -1 in `ordinal` is off the scale."""
    return Question(
        id=row["id"],
        text=row["text"],
        options=tuple(row["options"]),
        ordinal=tuple(None if place == -1.0 else place for place in row["ordinal"] or ()),
        kind=row["kind"],
        at=row["at"],
    )


def load_engine(
    graph: Graph, dataset: str, fit: str, settings: EngineSettings, *, lexicon: Lexicon | None = None
) -> StatisticalEngine:
    """Return the engine that folds people into a Fit, read back from the graph; links are not, it needs none."""
    ids = [row["id"] for row in graph.read("fitted_questions", dataset=dataset, fit=fit)]
    rows = graph.read("base_rates", dataset=dataset, fit=fit, questions=ids)
    questions = tuple(question_of(row) for row in rows)
    traits = len(rows[0]["loadings"]) if rows else 0
    scales = tuple(
        Scale.of(np.array(row["rates"], dtype=np.float64), question.ordinal)
        for row, question in zip(rows, questions, strict=True)
    )
    population = Population(
        questions,
        tuple(np.array(row["counts"]) for row in rows),
        scales,
        links=np.zeros((0, 0)),
        pairs=np.zeros((0, 0)),
        loadings=np.array([row["loadings"] for row in rows], dtype=np.float64).reshape(len(rows), traits),
        told_by=np.array([row["told_by"] for row in rows], dtype=np.float64),
        settings=settings,
    )
    keys = read_keys(graph, dataset, fit)
    names = {key.id: key.name for key in keys.values()}
    return StatisticalEngine(population, keys, names, lexicon)
