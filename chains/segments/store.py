"""Writing segments and cross-tabulations to the graph, and putting people who come later into segments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.labels.names import Names
from persona_db.chains.segments.crosstabs import (
    LEAST_TOGETHER,
    GoesWith,
    Held,
    attributes_told,
    by_attribute,
    goes_with,
)
from persona_db.chains.segments.learn import Member, Segments, learn_segments, members, segment_id
from persona_db.chains.segments.partition import BETWEEN
from persona_db.chains.segments.representative import Representative

if TYPE_CHECKING:
    from persona_db.chains.persona import UserHistory
    from persona_db.graph.session import Graph

__all__ = ["fold_in", "segment_people", "store_crosstabs"]

_KEYS_AT_ONCE = 50
_TYPICAL = 20


def segment_people(
    graph: Graph, dataset: str, fit: str, *, population: Population, table: AnswerTable, names: Names, seed: int
) -> None:
    """Learn the segments of a Fit from everybody in *table*, and store them; too few people have none."""
    weight = _weights(graph, dataset, table)
    found = learn_segments(population, table.choice, weight, names, seed=seed)
    if found is not None:
        _store(graph, dataset, fit, found, population, table.users, weight, names)


@one_thread()
def store_crosstabs(
    graph: Graph, dataset: str, fit: str, *, table: AnswerTable, attributes: Sequence[Sequence[str]]
) -> None:
    """Store how everybody in *table* answered, by attribute too, and what each answer goes with.

    The page of a question reads these instead of everybody's answers.
    """
    weight = _weights(graph, dataset, table)
    rows: list[dict[str, Any]] = [
        {
            "question": question.id,
            "weights": [float(weight[column == option].sum()) for option in range(len(question.options))],
        }
        for question, column in zip(table.questions, table.choice.T, strict=True)
    ]
    graph.write_batches("store_answer_weights", rows, what="weights of answers", dataset=dataset, fit=fit)
    rows = [
        {
            "question": question.id, "attribute": attribute.name, "values": list(attribute.values),
            "counts": [int(one) for one in count.people.ravel()],
            "effective": [
                round(float(one), 4) for value in range(len(attribute.values)) for one in count.effective([value])
            ],
        }
        for attribute in attributes_told(attributes)
        for question, count in zip(table.questions, by_attribute(table, weight, attribute), strict=True)
        if count.people.any()
    ]  # fmt: skip
    graph.write_batches("store_crosstabs", rows, what="answers by attribute", dataset=dataset, fit=fit)
    held = [(row["key"], tuple(row["users"]), frozenset(row["claims"])) for row in _held(graph, dataset, fit)]
    keys, users, claims = zip(*held, strict=True) if held else ((), (), ())
    found: dict[str, list[GoesWith]] = {}
    for one in goes_with(table, weight, Held(keys, users, claims)):
        found.setdefault(one.question, []).append(one)
    rows = [{"question": question, "found": [_row(one) for one in own]} for question, own in found.items()]
    graph.write_batches("store_goes_with", rows, what="answers that go together", dataset=dataset, fit=fit)


def _weights(graph: Graph, dataset: str, table: AnswerTable) -> NDArray[np.float64]:
    weights = {
        row["user"]: row["weight"] for row in graph.read("weights_of_people", dataset=dataset, users=list(table.users))
    }
    return np.array([weights.get(user, 1.0) for user in table.users], dtype=np.float64)


def _held(graph: Graph, dataset: str, fit: str) -> Iterator[dict[str, Any]]:
    """Yield the keys that at least twenty people hold, with these people and the questions that it speaks of.

    Stances are left out: they are answers, which are counted as such.
    """
    rows = graph.read("fitted_keys", dataset=dataset, fit=fit, least=LEAST_TOGETHER)
    keys = [row["id"] for row in rows if row["kind"] != "stance"]
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield from graph.read("people_holding", dataset=dataset, fit=fit, keys=keys[start : start + _KEYS_AT_ONCE])


def _row(one: GoesWith) -> dict[str, object]:
    return {name: getattr(one, name) for name in GoesWith.__dataclass_fields__ if name != "question"}


def fold_in(
    graph: Graph, dataset: str, fit: str, *, population: Population, batches: Iterable[Sequence[UserHistory]],
    left_out: Set[str],
) -> None:  # fmt: skip
    """Put people into the segments that a Fit has, from the date of their newest item on; others stay where they are.

    Those whom the Fit leaves out have a place on the map and are in between. People who share nothing are in none, and
    where the Fit has no segments nothing is done.
    """
    axes = {row["question"]: row["axes"] for row in graph.read("segment_axes", dataset=dataset, fit=fit)}
    rows = [row for row in graph.read("segment_centres", dataset=dataset, fit=fit) if row["centre"]]
    if not axes or not rows:
        return
    told = [[_told(one) for one in row["told"]] for row in rows]
    axis = np.array([axes.get(question.id, (0.0, 0.0)) for question in population.questions], dtype=np.float64)
    centres = np.array([row["centre"] for row in rows])
    for batch in batches:
        sharing = [history for history in batch if history.sharing_rank > 0]
        if sharing:
            found = [
                replace(one, group=BETWEEN, typical=0.0) if history.user in left_out else one
                for one, history in zip(
                    members(axis, centres, population, _choice(population, sharing), told), sharing, strict=True
                )
            ]
            at = [max((item.at for item in history.items), default="") for history in sharing]
            _store_members(graph, dataset, fit, [history.user for history in sharing], found, at)


def _choice(population: Population, histories: Sequence[UserHistory]) -> NDArray[np.int16]:
    """Return the newest answers of some people (people x questions), -1 without an answer."""
    column = {question.id: place for place, question in enumerate(population.questions)}
    choice = np.full((len(histories), len(column)), -1, dtype=np.int16)
    for row, history in zip(choice, histories, strict=True):
        for item in history.items:
            place = column.get(item.question or "")
            if place is not None and item.option is not None and item.option < len(population.questions[place].options):
                row[place] = item.option
    return choice


def _told(row: dict[str, Any]) -> Representative:
    return Representative(row["question"], tuple(row["options"]), 0.0, 0.0, 0.0, 0.0, 0, 0.0)


def _store(
    graph: Graph, dataset: str, fit: str, found: Segments, population: Population, users: Sequence[str],
    weight: NDArray[np.float64], names: Names,
) -> None:  # fmt: skip
    ids = [*map(segment_id, range(found.groups)), segment_id(BETWEEN)]
    group = np.array([one.group if one.group != BETWEEN else found.groups for one in found.members])
    order = np.argsort([-one.typical for one in found.members], kind="stable")
    group, typical = group[order], np.array([one.typical for one in found.members])[order]
    weight = weight[order]
    chosen = found.partition.chosen
    about = {
        "stability": chosen.stability,
        "silhouette": chosen.silhouette,
        "tried": [[one.groups, one.stability, one.silhouette] for one in found.partition.tried],
        "few": sum(one.few for one in found.members),
    }
    segments = [
        {
            "id": id_, "name": found.names[place], "place": place, "people": int((group == place).sum()),
            "weight": float(weight[group == place].sum()),
            "share": round(float(weight[group == place].sum() / weight.sum()), 6),
            "centre": [float(one) for one in found.partition.centres[place]] if place < found.groups else [],
            "typical_from": float(typical[group == place][:_TYPICAL].min(initial=1.0)),
        }
        for place, id_ in enumerate(ids)
    ]  # fmt: skip
    graph.write("store_segments", dataset=dataset, fit=fit, about=json.dumps(about), rows=segments)
    axes = [
        {"question": question.id, "axes": [float(one) for one in row]}
        for question, row in zip(population.questions, found.axes, strict=True)
    ]
    graph.write_batches("store_segment_axes", axes, what="axes", dataset=dataset, fit=fit)
    answers = [
        {
            "segment": id_, "question": question.id, "counts": [int(one) for one in count.people[place]],
            "effective": [round(float(one), 4) for one in count.effective([place])],
        }
        for question, count in zip(population.questions, found.counts, strict=True)
        for place, id_ in enumerate(ids)
        if count.people[place].any()
    ]  # fmt: skip
    graph.write_batches("store_segment_answers", answers, what="answers of segments", dataset=dataset, fit=fit)
    stands = [
        {
            "segment": segment_id(group), "question": one.question, "options": list(one.options), "place": place,
            "says": names.side(one.question, one.options), "share": one.share, "others": one.others,
            "ratio": one.ratio, "z": one.z, "asked": one.asked,
        }
        for group, told in enumerate(found.told)
        for place, one in enumerate(told)
    ]  # fmt: skip
    graph.write_batches("store_representative", stands, what="what segments stand for", dataset=dataset, fit=fit)
    _store_members(graph, dataset, fit, users, found.members, [""] * len(users))


def _store_members(
    graph: Graph, dataset: str, fit: str, users: Sequence[str], found: Sequence[Member], at: Sequence[str]
) -> None:
    rows = [
        {
            "user": user, "segment": segment_id(one.group), "x": one.x, "y": one.y, "clear": one.clear,
            "typical": one.typical, "few": one.few, "at": date,
        }
        for user, one, date in zip(users, found, at, strict=True)
    ]  # fmt: skip
    graph.write_batches("store_members", rows, what="people in segments", dataset=dataset, fit=fit)
