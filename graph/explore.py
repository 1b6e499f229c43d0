"""Named queries for exploring: their parameters are read from texts, and their headers state the defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persona_db.graph.catalog import NamedQuery, Param, QueryType, catalog
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError, QueryFileError

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "EXPLORE_AREA", "default_of", "explore", "explore_queries", "params_from_texts", "rests_on", "why_no_rows",
    "words_to_find",
]  # fmt: skip

EXPLORE_AREA = "explore"

_DEFAULT = re.compile(r"(\S+) unless given")
_WORD = re.compile(r"\w+")
_MOST_WORDS = 8
_LONGEST_REASON = 300
_LONGEST_WORD = 200
"""The index splits words longer than 255 characters."""


def explore_queries() -> dict[str, NamedQuery]:
    """Return the queries of cypher/explore/ by name."""
    return {name: query for name, query in catalog().items() if query.area == EXPLORE_AREA}


def explore(graph: Graph, query: str, /, **params: object) -> list[dict[str, Any]]:
    """Return the rows of a named read query; a missing parameter takes the default that its header states.

    QueryFileError when there is no such query or a parameter is missing, UnknownDatasetError when there is no such
    dataset, ConfigError when the server refuses a parameter: words that are no search, a limit under 0.
    """
    from neo4j.exceptions import ClientError

    named = _named(query)
    given = {**_defaults(named), **params}
    named.check(given)
    dataset = given.get("dataset")
    if isinstance(dataset, str):
        require_dataset(graph, dataset)
    try:
        return graph.read(named.name, **given)
    except ClientError as exc:
        why = " ".join(str(exc.message).split())[:_LONGEST_REASON]
        raise ConfigError(f"{query} can't be run with these parameters: {why}") from exc


def default_of(param: Param) -> object:
    """Return the default that the parameter's description states; KeyError when it states none."""
    found = _DEFAULT.search(param.about)
    if found is None:
        raise KeyError(param.name)
    if param.type.optional:
        return None
    return _value(param, param.type, found[1])


def params_from_texts(query: str, texts: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Return the parameters of a named query from (name, text) pairs; ConfigError says which cannot be used.

    A list takes a text for each of its members, or one text that is a JSON list.
    """
    named = _named(query)
    collected: dict[str, list[str]] = {}
    for name, text in texts:
        if name not in named.params:
            raise ConfigError(f"{query} takes no parameter {name!r}, but {', '.join(named.params)}")
        collected.setdefault(name, []).append(text)
    found: dict[str, object] = {}
    for name, given in collected.items():
        param = named.params[name]
        if param.type.kind == "list":
            found[name] = _list(param, given)
        elif len(given) > 1:
            raise ConfigError(f"parameter {name} of {query} is one {param.type}; it is given {len(given)} times")
        else:
            found[name] = _value(param, param.type, given[0])
    if missing := sorted(named.params.keys() - found.keys() - _defaults(named).keys()):
        about = "; ".join(f"{name} ({named.params[name].type}): {named.params[name].about}" for name in missing)
        raise ConfigError(f"{query} needs {about}")
    return found


def why_no_rows(query: str, params: Mapping[str, object]) -> str:
    """Return what to say of a query that found nothing: which least number it asked for, where it has one.

    >>> why_no_rows("segments_differ", {})
    'no rows with least=20 (people of each who were asked, at least); a smaller one may find some: -p least=1'
    """
    named = _named(query)
    least = {**_defaults(named), **params}.get("least")
    if least is None or least == 1:
        return "no rows"
    about = named.params["least"].about.partition(";")[0]
    return f"no rows with least={least} ({about}); a smaller one may find some: -p least=1"


def rests_on(graph: Graph, dataset: str, fit: str, facts: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return for each fact id of a Fit the history items it rests on, strongest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in graph.read("supports_of_facts", dataset=dataset, fit=fit, ids=list(facts)) if facts else ():
        found.setdefault(row["id"], []).append(row)
    return found


def words_to_find(text: str) -> str:
    """Return *text* as a full-text query for all of its words; the last word may be a prefix.

    Only letters and digits are kept, so that the text cannot contain query syntax; '' when there are none.
    """
    words = [word[:_LONGEST_WORD].lower() for word in _WORD.findall(text)[:_MOST_WORDS]]
    return " ".join(f"+({word}^2 {word}*)" for word in words)


def _named(name: str) -> NamedQuery:
    query = catalog().get(name)
    if query is None or query.writes:
        raise QueryFileError(f"no query {name!r} that only reads; `persona-db query` lists those there are")
    return query


def _defaults(query: NamedQuery) -> Mapping[str, object]:
    found = {}
    for name, param in query.params.items():
        try:
            found[name] = default_of(param)
        except KeyError:
            continue
    return found


def _list(param: Param, given: list[str]) -> list[object]:
    if len(given) == 1 and given[0].lstrip().startswith("["):
        value = _json(param, given[0])
        if not param.type.admits(value):
            raise ConfigError(f"parameter {param.name} is {param.type}: {given[0]!r} is not")
        return list(value)
    item = param.type.item or QueryType("any")
    return [_value(param, item, text) for text in given]


def _value(param: Param, kind: QueryType, text: str) -> Any:
    try:
        match kind.kind:
            case "str":
                return text
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
    except (ValueError, KeyError) as exc:
        raise ConfigError(f"parameter {param.name} is {kind}: {text!r} is not") from exc
    return _json(param, text)


def _json(param: Param, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise ConfigError(f"parameter {param.name} is {param.type}, written as JSON: {text!r} is not") from exc
