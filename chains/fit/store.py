"""Writing what a Fit learned to the graph, and reading it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from persona_db.chains.fit.item_response import ItemResponse
from persona_db.chains.fit.keys import CacheKey, key_row, opposite_rows
from persona_db.chains.fit.learn import Learned
from persona_db.chains.fit.population import Population, strongest_links
from persona_db.chains.fit.scale import Scale
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.fit.style import ResponseStyle
from persona_db.chains.fit.summaries import Summary
from persona_db.chains.fit.traits import Claim, Pole
from persona_db.chains.fit.trust import Excluded
from persona_db.chains.fit.unseen import common_words, named_in, own_words
from persona_db.chains.labels.names import Names
from persona_db.graph.ids import demographic_id
from persona_db.graph.models import Question
from persona_db.graph.users import User, question_of

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "load_learned",
    "read_keys",
    "store_excluded",
    "store_keys",
    "store_learned",
    "store_population",
    "store_summaries",
]


def store_learned(graph: Graph, dataset: str, fit: str, learned: Learned) -> None:
    """Write excluded users, base rates, links, keys, opposites and summaries; doing it again changes nothing."""
    store_excluded(graph, dataset, fit, learned.excluded)
    store_population(graph, dataset, fit, learned.population, learned.names)
    store_keys(graph, dataset, fit, learned.keys)
    store_summaries(graph, dataset, fit, learned.summaries)


def store_excluded(graph: Graph, dataset: str, fit: str, people: Sequence[Excluded]) -> None:
    """Write who is excluded and why, before their personas, so that the JOIN never proposes them."""
    rows = [{**one.row, "at": ""} for one in people]
    graph.write_batches("store_distrusted", rows, what="users left out", dataset=dataset, fit=fit)


def store_population(graph: Graph, dataset: str, fit: str, population: Population, names: Names) -> None:
    """Write base rates with what questions and answers are called, and links."""
    rates: list[dict[str, Any]] = [
        {
            "question": question.id,
            "counts": [int(c) for c in counts],
            "rates": [float(r) for r in scale.rates],
            "loadings": [float(x) for x in loadings],
            "told_by": float(told_by),
            "factors": [float(x) for x in factors],
            "label": names.labels[question.id],
            "says": [names.answer(question.id, option) for option in range(len(question.options))],
            "off": population.style.row(place),
            "steps": population.response.row(place),
        }
        for place, question, counts, scale, loadings, told_by, factors in zip(
            range(len(population.questions)),
            population.questions,
            population.counts,
            population.scales,
            population.loadings,
            population.told_by,
            population.factors,
            strict=True,
        )
    ]
    graph.write_batches("store_base_rates", rates, what="base rates", dataset=dataset, fit=fit)
    graph.write_batches("store_links", strongest_links(population), what="links", dataset=dataset, fit=fit)


def store_keys(graph: Graph, dataset: str, fit: str, keys: Mapping[str, CacheKey]) -> None:
    """Write cache keys with what their names claim, and the pairs of them that are opposites."""
    rows = [{**key_row(key), "loadings": list(key.loadings)} for key in keys.values()]
    graph.write_batches("store_keys", rows, what="cache keys", dataset=dataset, fit=fit)
    claims = [
        {"key": key.id, "question": question, "options": list(options)}
        for key in keys.values()
        for question, options in key.claims
    ]
    graph.write_batches("store_claims", claims, what="claims of keys", dataset=dataset, fit=fit)
    graph.write_batches("store_opposites", opposite_rows(keys, keys), what="opposites", dataset=dataset, fit=fit)


def store_summaries(graph: Graph, dataset: str, fit: str, summaries: Sequence[Summary]) -> None:
    """Write the answers of keys' holders."""
    by_key: dict[str, list[dict[str, object]]] = {}
    for summary in summaries:
        by_key.setdefault(summary.key, []).append(
            {"question": summary.question, "counts": list(summary.counts), "n": summary.n}
        )
    grouped = [{"key": key, "summaries": found} for key, found in by_key.items()]
    graph.write_batches("store_summaries", grouped, what="key summaries", dataset=dataset, fit=fit)


def read_keys(
    graph: Graph, dataset: str, fit: str, *, least: int = 0, holder: User | None = None
) -> dict[str, CacheKey]:
    """Return the keys of a Fit that at least *least* people hold, by id, in sorted order; those near *holder* alone."""
    if holder is None:
        rows = graph.read("fitted_keys", dataset=dataset, fit=fit, least=least)
    else:
        groups = [demographic_id(f"{name}={value}") for name, value in holder.attributes.items()]
        rows = graph.read("keys_of_holder", dataset=dataset, fit=fit, least=least, user=holder.id, groups=groups)
    return {row["id"]: CacheKey(**{**row, "loadings": tuple(row["loadings"])}) for row in rows}


def load_learned(graph: Graph, dataset: str, fit: str, settings: FittedSettings) -> Learned:
    """Return what a Fit has learned, read back from the graph, to fold people into it; links are not read."""
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
        factors=np.zeros((len(rows), 0)),
        settings=settings,
        style=ResponseStyle.of_rows([row["off"] or () for row in rows], spread=settings.habits),
        response=ItemResponse.of_rows(scales, [row["steps"] or () for row in rows]),
    )
    keys = read_keys(graph, dataset, fit)
    names = Names(
        {question.id: question for question in questions},
        {row["id"]: row["label"] for row in rows},
        {(row["id"], option): said for row in rows for option, said in enumerate(row["says"] or ())},
    )
    claims: dict[str, list[Claim]] = {}
    for row in graph.read("pole_claims", dataset=dataset, fit=fit):
        claims.setdefault(row["key"], []).append((row["question"], tuple(row["options"])))
    poles = {id_: Pole(id_, keys[id_].name, tuple(found)) for id_, found in claims.items()}
    return Learned(population, keys, names, poles)


def store_named(graph: Graph, dataset: str, fit: str, questions: Sequence[Question]) -> None:
    """Write the people whom the texts of questions name."""
    own = own_words({row["user"]: row["name"] for row in graph.read("names_of_people", dataset=dataset)})
    common = common_words(question.text for question in questions)
    rows = [
        {"question": question.id, "user": user}
        for question in questions
        for user in named_in(question.text, own, common=common)
    ]
    graph.write_batches("store_named", rows, what="people named", dataset=dataset, fit=fit)
