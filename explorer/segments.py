"""Pages about groups: one group in full, one question in full, and the map of everybody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from persona_db.chains.segments.report import LEAST_ASKED
from persona_db.chains.segments.report import segment as segment_of
from persona_db.explorer.site import needed, number, site_of
from persona_db.graph.datasets import require_dataset
from persona_db.graph.explore import explore, words_to_find
from persona_db.graph.known import require_group_by, require_known
from persona_db.graph.users import question_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from persona_db.graph.models import Question
    from persona_db.graph.session import Graph

__all__ = ["map_data", "map_page", "question", "questions", "segment"]

_A_PAGE = 50
_LOOKED_AT = 200
_GOES_WITH = 12
_TYPICAL = 20
_PEOPLE = 25
_MOST_GROUPS = 8
_LEAST_SHOWN = 10
"""People of whom others are told how they answered."""
_MOST_ROWS = 5_000
_LEFT_OUT, _BETWEEN = "left out", "between"
_ANSWERS = 2_000


def segment(request: Request) -> Response:
    """Return a group's page: what it stands for, how it differs from each other group, who is most typical."""
    site = site_of(request)
    graph, dataset, name = site.connection.graph(), needed(request, "dataset"), needed(request, "segment")
    page = segment_of(graph, dataset, name, people=_TYPICAL)
    names = {row["segment"]: row["name"] for row in explore(graph, "segments", dataset=dataset)}
    return site.page(request, "segment.html", page=page, names=names, least=LEAST_ASKED)


def questions(request: Request) -> Response:
    """Return the questions with some words, or all in pages."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    query, skip = request.query_params.get("q", "").strip(), number(request, "skip")
    require_dataset(graph, dataset)
    words = words_to_find(query)
    if query:
        found = explore(graph, "find_asked", dataset=dataset, words=words, limit=_A_PAGE) if words else []
    else:
        found = explore(graph, "questions_answered", dataset=dataset, skip=skip, limit=_A_PAGE + 1)
    more = not query and len(found) > _A_PAGE
    return site.page(
        request, "questions.html", query=query, words=words, questions=found[:_A_PAGE],
        after=skip + _A_PAGE if more else None,
    )  # fmt: skip


def question(request: Request) -> Response:
    """Return a question's page: its answers, by group and by an attribute, what goes with one of them, and people."""
    site = site_of(request)
    graph, dataset, id_ = site.connection.graph(), needed(request, "dataset"), needed(request, "question")
    asked = _question(graph, dataset, id_)
    by = request.query_params.get("by") or "segment"
    require_group_by(graph, dataset, by, values=True)
    option = number(request, "option", default=-1)
    if option >= len(asked.options):
        raise HTTPException(404, "the question has no such answer")
    attributes = [row["attribute"] for row in explore(graph, "attributes_of_people", dataset=dataset)]
    shares = explore(graph, "shares_counted", dataset=dataset, question=id_)
    counted = bool(shares)
    if not counted:
        shares = explore(graph, "shares_of", dataset=dataset, question=id_)
        total = sum(row["weight"] for row in shares) or 1.0
        shares = [{**row, "share": row["weight"] / total} for row in shares]
    groups = explore(graph, "groups_counted", dataset=dataset, question=id_, by=by, limit=_MOST_ROWS) if counted else []
    by_hand = not groups
    if by_hand:
        groups = explore(graph, "answers_by_group", dataset=dataset, question=id_, by=by, limit=_MOST_ROWS)
    skip = number(request, "skip")
    chosen = option if option >= 0 else max(range(len(shares)), key=lambda at: shares[at]["people"], default=0)
    groups = _groups(groups)
    people: list[dict[str, Any]] = []
    goes_with: list[dict[str, Any]] = []
    if not site.for_others:
        people = explore(
            graph, "people_who", dataset=dataset, question=id_, option=chosen, sample=_ANSWERS, skip=skip,
            limit=_PEOPLE + 1,
        )  # fmt: skip
        goes_with = _goes_with(graph, dataset, id_, chosen, counted=counted)
    else:
        groups = [one for one in groups if one["asked"] >= _LEAST_SHOWN]
        answered = sum(row["people"] for row in shares)
        shares = [{**row, "people": 5 * round(row["people"] / 5)} for row in shares if answered >= _LEAST_SHOWN]
    return site.page(
        request,
        "question.html",
        asked=asked,
        shares=[{**row, "place": place} for place, row in enumerate(shares)],
        by=by,
        attributes=attributes,
        groups=groups,
        option=chosen,
        goes_with=goes_with,
        counted=counted,
        tables={
            "shares": "shares_counted" if counted else "shares_of",
            "groups": "answers_by_group" if by_hand else "groups_counted",
        },
        people=people[:_PEOPLE],
        looked_at=_ANSWERS,
        left_out=sum(row["users"] for row in graph.read("count_left_out", dataset=dataset)) if counted else 0,
        skip=skip,
        after=skip + _PEOPLE if len(people) > _PEOPLE else None,
    )


def map_page(request: Request) -> Response:
    """Return the page that draws the map; a question to colour it by is found by its id, or by words in it."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    asked_for = request.query_params.get("question", "").strip()
    by = request.query_params.get("by") or "segment"
    require_group_by(graph, dataset, by)
    asked = next(iter(graph.read("find_questions", dataset=dataset, ids=[asked_for])), None) if asked_for else None
    if asked is None and (words := words_to_find(asked_for)):
        for row in explore(graph, "find_asked", dataset=dataset, words=words, limit=1):
            asked = {**row, "id": row["question"]}
    return site.page(
        request,
        "map.html",
        about=require_dataset(graph, dataset),
        segments=explore(graph, "segments", dataset=dataset),
        attributes=[row["attribute"] for row in explore(graph, "attributes_of_people", dataset=dataset)],
        by=by,
        question=asked["id"] if asked else "",
        asked=asked,
        asked_for=asked_for,
    )


def map_data(request: Request) -> Response:
    """Return everybody's place as columns, and the groups by which dots are coloured, the largest first.

    A name is null where somebody has none but their id. A group's mark is the number of its colour and shape, or says
    why its people are in none. `nobody` is what those are called who are in no group of the list.
    """
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    by, id_ = request.query_params.get("by") or "segment", request.query_params.get("question", "")
    asked = _question(graph, dataset, id_) if id_ else None
    attribute = None if by == "segment" or asked else by
    [found] = explore(graph, "places_in_columns", dataset=dataset, attribute=attribute, question=id_ or None)
    users: list[str] = found["users"]
    names: list[Any]
    nobody = "In no group"
    if not asked:
        require_group_by(graph, dataset, by)
    if asked:
        options = dict(zip(found["answered"], found["options"], strict=True))
        kinds: list[Any] = [options.get(user) for user in users]
        names, called = list(range(len(asked.options))), list(asked.options)
        nobody = "No answer"
    elif attribute:
        kinds = found["groups"]
        counts = Counter(kind for kind in kinds if kind)
        names = sorted(counts, key=lambda kind: (-counts[kind], kind))[:_MOST_GROUPS]
        called, nobody = [str(name) for name in names], "Another, or not known"
    else:
        groups = explore(graph, "segments", dataset=dataset)
        left_out = set(found["left_out"])
        kinds = [_LEFT_OUT if user in left_out else of for user, of in zip(users, found["segments"], strict=True)]
        names, called = [row["segment"] for row in groups], [row["name"] for row in groups]
        if _LEFT_OUT in kinds:
            names, called = [*names, _LEFT_OUT], [*called, "Left out: like copies, or unlikely answers"]
    place = {name: at for at, name in enumerate(names)}
    return JSONResponse(
        {
            "groups": called,
            "marks": [name if name in (_BETWEEN, _LEFT_OUT) else at for at, name in enumerate(names)],
            "nobody": nobody,
            "users": users,
            "names": [None if name == user else name[:80] for user, name in zip(users, found["names"], strict=True)],
            "x": [round(one, 4) for one in found["x"]],
            "y": [round(one, 4) for one in found["y"]],
            "group": [place.get(kind, -1) for kind in kinds],
        }
    )


def _goes_with(graph: Graph, dataset: str, question: str, option: int, *, counted: bool) -> list[dict[str, Any]]:
    """Return what goes with an answer, as the Fit counted it; of some people where it did not."""
    if counted:
        return explore(graph, "answers_go_with", dataset=dataset, question=question, option=option)
    return explore(
        graph, "values_of_those_who", dataset=dataset, question=question, options=[option], sample=_LOOKED_AT,
        least=10, limit=_GOES_WITH,
    )  # fmt: skip


def _question(graph: Graph, dataset: str, id_: str) -> Question:
    require_known(graph, "shares_of", {"dataset": dataset, "question": id_})
    return question_of(graph.read("find_questions", dataset=dataset, ids=[id_])[0])


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups with their answers, the largest first; those in between last."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        group = found.setdefault(
            row["group"], {"id": row["group"], "name": row["name"], "asked": row["asked"], "answers": []}
        )
        group["answers"].append(row)
    return sorted(found.values(), key=lambda one: (one["id"] in ("between", "~"), -one["asked"], one["id"]))
