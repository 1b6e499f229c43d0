"""What a query or an address names has to be there: a name that nothing has is an error that says what is near it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from persona_db.graph.catalog import catalog
from persona_db.graph.errors import UnknownNameError, UnknownQuestionError
from persona_db.graph.explore import EXPLORE_AREA, explore, words_to_find
from persona_db.graph.names import KeyKind
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["near_names", "require_group_by", "require_known"]

_NEAR = 3
_AREAS = (EXPLORE_AREA, "draw")
_SEGMENT = "segment"
_EVERYTHING = 1_000_000
_ONLY_IDS = ("holders_of", "goes_with", "one_key", "draw_holders_of")
"""Queries that know a value by its id alone."""


def near_names(name: str, names: Iterable[str]) -> list[str]:
    """Return at most three of *names* that are written nearly as *name* is, the nearest first.

    >>> near_names("colr", ["by", "colour", "dataset"])
    ['colour']
    """
    folded: dict[str, str] = {}
    for one in names:
        folded.setdefault(one.casefold(), one)
    return [folded[one] for one in get_close_matches(name.casefold(), folded, n=_NEAR)]


def require_known(graph: Graph, query: str, params: Mapping[str, object]) -> None:
    """Return when all that the parameters of a query for exploring name is in the dataset.

    UnknownQuestionError, UnknownUserError or UnknownNameError says what is not, and what is near it.
    """
    dataset = params.get("dataset")
    if catalog()[query].area not in _AREAS or not isinstance(dataset, str):
        return
    for name, value in params.items():
        check = _CHECKS.get(name)
        if check is None or value is None:
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            check(graph, dataset, str(one))
    if query in _ONLY_IDS and isinstance(key := params.get("key"), str):
        _require_id(graph, dataset, key)
    by = params.get("by")
    if isinstance(by, str):
        require_group_by(graph, dataset, by, values=query == "answers_by_group")
    _require_options(graph, dataset, params)


def require_group_by(graph: Graph, dataset: str, by: str, *, values: bool = False) -> None:
    """Return when people can be grouped by *by*: `segment`, the name of an attribute, or with *values* a value."""
    if by == _SEGMENT or (values and explore(graph, "keys_called", dataset=dataset, names=[by])):
        return
    what = "attribute or value" if values else "attribute"
    _require_attribute(graph, dataset, by, what=what, also=(_SEGMENT,))


def _require_question(graph: Graph, dataset: str, question: str) -> None:
    if graph.read("find_questions", dataset=dataset, ids=[question]):
        return
    words = words_to_find(question)
    found = explore(graph, "find_asked", dataset=dataset, words=words, limit=_NEAR) if words else []
    near = [row["question"] for row in found]
    if not near:
        rows = explore(graph, "questions_answered", dataset=dataset, limit=_EVERYTHING)
        near = near_names(question, [row["question"] for row in rows])
    raise UnknownQuestionError(
        question, dataset=dataset, remedy=_remedy(near, f"query questions_answered --dataset {dataset}")
    )


def _require_user(graph: Graph, dataset: str, user: str) -> None:
    require_user(graph, dataset, user)


def _require_attribute(
    graph: Graph, dataset: str, attribute: str, *, what: str = "attribute", also: Sequence[str] = ()
) -> None:
    if explore(graph, "has_attribute", dataset=dataset, attribute=attribute)[0]["there"]:
        return
    names = [row["attribute"] for row in explore(graph, "attributes_of_people", dataset=dataset, limit=_EVERYTHING)]
    listed = f"query attributes_of_people --dataset {dataset}"
    raise UnknownNameError(
        what, attribute, dataset=dataset, remedy=_remedy(near_names(attribute, [*names, *also]), listed)
    )


def _require_pair(graph: Graph, dataset: str, pair: str) -> None:
    """Return when somebody has the attribute and its value, which *pair* gives as `PARTY=R`."""
    if explore(graph, "people_filtered", dataset=dataset, attributes=[pair], limit=1):
        return
    found = explore(graph, "facets_of_people", dataset=dataset)
    near = near_names(pair, [one for row in found for one in row["options"]])
    raise UnknownNameError(
        "attribute", pair, dataset=dataset, remedy=_remedy(near, f"query facets_of_people --dataset {dataset}")
    )


def _require_segment(graph: Graph, dataset: str, segment: str) -> None:
    there = [row["segment"] for row in explore(graph, "segments", dataset=dataset)]
    if segment not in there:
        remedy = (
            f"there are {', '.join(there)}" if there else f"`persona-db refine --dataset {dataset} --refit` makes them"
        )
        raise UnknownNameError("group", segment, dataset=dataset, remedy=remedy)


def _require_value(graph: Graph, dataset: str, value: str) -> None:
    if explore(graph, "keys_called", dataset=dataset, names=[value]):
        return
    words = words_to_find(value)
    found = explore(graph, "find_keys", dataset=dataset, words=words, limit=_NEAR) if words else []
    near = [row["key"] for row in found]
    if not near:
        rows = explore(graph, "popular_keys", dataset=dataset, limit=_EVERYTHING)
        names = {row["name"]: row["key"] for row in rows} | {row["key"]: row["key"] for row in rows}
        near = list(dict.fromkeys(names[one] for one in near_names(value, names)))
    raise UnknownNameError(
        "value", value, dataset=dataset, remedy=_remedy(near, f"query popular_keys --dataset {dataset}")
    )


def _require_id(graph: Graph, dataset: str, value: str) -> None:
    called = explore(graph, "keys_called", dataset=dataset, names=[value])
    if not any(row["key"] == value for row in called):
        near = [row["key"] for row in called]
        raise UnknownNameError("value", value, dataset=dataset, remedy=f"its id is {_listed(near)}")


def _require_kind(_graph: Graph, dataset: str, kind: str) -> None:
    kinds = get_args(KeyKind)
    if kind not in kinds:
        raise UnknownNameError("kind of values", kind, dataset=dataset, remedy=f"there are {', '.join(kinds)}")


def _require_fit(graph: Graph, dataset: str, fit: str) -> None:
    there = [row["fit"] for row in explore(graph, "fits_of", dataset=dataset)]
    if fit not in there:
        raise UnknownNameError("Fit", fit, dataset=dataset, remedy=_remedy(there, f"query fits_of --dataset {dataset}"))


def _require_fact(graph: Graph, dataset: str, fact: str) -> None:
    if not explore(graph, "fact_rests_on", dataset=dataset, fact=fact):
        remedy = "facts get new ids when a user is refined anew; `persona-db query facts_of` lists those of a user"
        raise UnknownNameError("fact", fact, dataset=dataset, remedy=remedy)


def _require_options(graph: Graph, dataset: str, params: Mapping[str, object]) -> None:
    question, given = params.get("question"), params.get("options", params.get("option"))
    places: list[Any] = given if isinstance(given, list) else [given]
    if not isinstance(question, str) or not all(isinstance(one, int) for one in places):
        return
    there: list[Any] = graph.read("find_questions", dataset=dataset, ids=[question])[0]["options"]
    for place in places:
        if not 0 <= place < len(there):
            told = ", ".join(f"{at} ({one})" for at, one in enumerate(there)) or "none"
            what = f"answer to {question!r} at place"
            raise UnknownNameError(what, str(place), dataset=dataset, remedy=f"there are {told}")


def _remedy(near: Sequence[str], listed: str) -> str:
    return (f"near it: {_listed(near)}; " if near else "") + f"`persona-db {listed}` lists those there are"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(one) for one in names[:_NEAR])


_CHECKS: Mapping[str, Callable[[Graph, str, str], None]] = {
    "user": _require_user, "first": _require_user, "second": _require_user, "question": _require_question,
    "attribute": _require_attribute, "attributes": _require_pair, "segment": _require_segment,
    "other": _require_segment, "key": _require_value, "keys": _require_value, "camp": _require_value,
    "other_camp": _require_value, "kind": _require_kind, "of_fit": _require_fit, "fit": _require_fit,
    "fact": _require_fact,
}  # fmt: skip
"""Parameters of queries for exploring, by name, and what has to be true of them."""
