"""The named queries of cypher/: each file's header is read and checked against its Cypher when loaded.

A query file states its name, its parameters, what it returns and what it costs, then holds one statement:

    // query_name: one sentence.
    // param   dataset  str        whose data are read
    // returns user str, score float, items list[list[any]]
    // row     items [id, text]
    // cost    read; one index look-up
    MATCH ...

A `row` line names the members of a list in a returned list of lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from persona_db.graph.errors import QueryFileError

__all__ = ["NamedQuery", "QueryType", "catalog", "parse_query"]

SCHEMA_AREA = "schema"
"""The area of queries on the whole database; queries of every other area take `$dataset`."""

_NAME = re.compile(r"[a-z0-9_]+")
_TITLE = re.compile(r"//\s*(?P<name>\w+):\s+(?P<summary>\S.*)")
_PARAM = re.compile(r"(?P<name>\w+)\s+(?P<type>[\w\[\]?]+)(?:\s+(?P<about>\S.*))?")
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "map": (Mapping,),
    "any": (object,),
}
_ROW = re.compile(r"(?P<name>\w+)\s+(?P<members>\[\S.*\])")
_NOT_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`""", re.DOTALL)
_USED_PARAM = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class QueryType:
    """The type of a parameter or of a returned value, as a header writes it: `str`, `list[float]`, `str?`."""

    kind: str
    item: QueryType | None = None
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> QueryType:
        """Return the type written as *text*; ValueError when it is none."""
        if text.endswith("?"):
            inner = cls.parse(text[:-1])
            return cls(inner.kind, inner.item, optional=True)
        if text.startswith("list[") and text.endswith("]"):
            return cls("list", cls.parse(text[len("list[") : -1]))
        if text in _PYTHON_TYPES:
            return cls(text)
        raise ValueError(f"{text!r} is none of str, int, float, bool, map, any, list[...]; `?` marks an optional one")

    def __str__(self) -> str:
        name = f"list[{self.item}]" if self.kind == "list" else self.kind
        return name + "?" * self.optional

    def admits(self, value: object) -> bool:
        """Return whether *value* can be passed; only the first item of a list is checked."""
        if value is None:
            return self.optional
        if self.kind == "list":
            if not isinstance(value, list | tuple):
                return False
            return not value or self.item is None or self.item.admits(value[0])
        if isinstance(value, bool):  # a bool is an int to Python, not to Cypher
            return self.kind in ("bool", "any")
        return isinstance(value, _PYTHON_TYPES[self.kind])


@dataclass(frozen=True)
class Param:
    """One parameter of a query."""

    name: str
    type: QueryType
    about: str


@dataclass(frozen=True)
class NamedQuery:
    """One file of cypher/, its header parsed."""

    name: str
    area: str
    summary: str
    params: Mapping[str, Param]
    returns: Mapping[str, QueryType]
    rows: Mapping[str, str]
    """Members of each returned list of lists, such as `[id, text]`."""
    cost: str
    text: str
    path: str

    @property
    def writes(self) -> bool:
        """True when its cost says that it writes."""
        return self.cost.startswith("write;")

    def check(self, given: Mapping[str, object]) -> None:
        """Raise QueryFileError unless *given* are this query's parameters, of its types."""
        if given.keys() != self.params.keys():
            wrong = [f"lacks {name}" for name in sorted(self.params.keys() - given.keys())]
            wrong += [f"gives an unknown {name}" for name in sorted(given.keys() - self.params.keys())]
            raise QueryFileError(f"{self.path}: the call {', '.join(wrong)}; see the query's header")
        for name, param in self.params.items():
            if not param.type.admits(given[name]):
                kind = type(given[name]).__name__
                raise QueryFileError(f"{self.path}: parameter {name} is {param.type}, the call gives {kind}")


def parse_query(text: str, *, path: str) -> NamedQuery:
    """Return the query in the file *path*; QueryFileError says what is wrong with its header."""
    area, _, file_name = path.rpartition("/")
    stem = file_name.removesuffix(".cypher")
    header, body = _split_header(text)
    try:
        name, summary = _parse_title(header[0] if header else "")
        if name != stem:
            raise ValueError(f"it is named {name!r}, its file {stem!r}")
        params, returns, rows, cost = _parse_directives(header[1:])
        _check_params(params, body, area=area)
    except ValueError as exc:
        raise QueryFileError(f"cypher/{path}: {exc}") from exc
    return NamedQuery(
        name=name,
        area=area,
        summary=summary,
        params=MappingProxyType(params),
        returns=MappingProxyType(returns),
        rows=MappingProxyType(rows),
        cost=cost,
        text=text,
        path=f"cypher/{path}",
    )


@cache
def catalog() -> Mapping[str, NamedQuery]:
    """Return every query of the installed package by name, sorted; the files are read once."""
    found: dict[str, NamedQuery] = {}
    for path, file in sorted(_query_files(files("persona_db.cypher"))):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as exc:
            raise QueryFileError(f"cypher/{path}: not UTF-8 ({exc.reason} at byte {exc.start})") from exc
        query = parse_query(text, path=path)
        if query.name in found:
            raise QueryFileError(f"cypher/{path}: {found[query.name].path} has the same name; rename one")
        found[query.name] = query
    return MappingProxyType(dict(sorted(found.items())))


def _query_files(root: Traversable) -> Iterator[tuple[str, Traversable]]:
    for area in root.iterdir():
        if not area.is_dir():
            continue
        for file in area.iterdir():
            if file.name.endswith(".cypher"):
                yield f"{area.name}/{file.name}", file


def _split_header(text: str) -> tuple[list[str], str]:
    """Return the comment lines at the top and the Cypher below them."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return lines[:end], "\n".join(lines[end:])


def _parse_title(line: str) -> tuple[str, str]:
    title = _TITLE.fullmatch(line.rstrip())
    if title is None:
        raise ValueError("the first line is not `// query_name: one sentence.`")
    if not _NAME.fullmatch(title["name"]):
        raise ValueError(f"the name {title['name']!r} has other characters than a-z, 0-9 and _")
    return title["name"], title["summary"]


def _parse_directives(lines: list[str]) -> tuple[dict[str, Param], dict[str, QueryType], dict[str, str], str]:
    params: dict[str, Param] = {}
    rows: dict[str, str] = {}
    returns: list[str] = []
    cost: list[str] = []
    for line in lines:
        word, _, rest = line.removeprefix("//").strip().partition(" ")
        rest = rest.strip()
        match word:
            case "param":
                param = _parse_param(rest)
                if param.name in params:
                    raise ValueError(f"parameter {param.name} is declared twice")
                params[param.name] = param
            case "returns":
                returns.append(rest)
            case "row":
                row = _ROW.fullmatch(rest)
                if row is None:
                    raise ValueError(f"`row {rest}` is not `row name [member, ...]`")
                rows[row["name"]] = row["members"]
            case "cost":
                cost.append(rest)
            case _:
                raise ValueError(f"a header line starts with {word!r}, not with param, returns, row or cost")
    if not returns:
        raise ValueError("its header has no `returns` line; write `// returns nothing` if it returns nothing")
    if not cost or not cost[0].startswith(("read;", "write;")):
        raise ValueError("its header has no `cost` line that starts with `read;` or `write;`")
    columns = _parse_returns(", ".join(returns))
    nested = {name for name, type_ in columns.items() if type_.item is not None and type_.item.kind == "list"}
    if wrong := sorted(nested ^ rows.keys()):
        raise ValueError(f"{', '.join(wrong)}: each returned list of lists has a `row` line, and nothing else has one")
    return params, columns, rows, " ".join(cost)


def _parse_param(text: str) -> Param:
    param = _PARAM.fullmatch(text)
    if param is None:
        raise ValueError(f"`param {text}` is not `param name type what it is`")
    return Param(param["name"], QueryType.parse(param["type"]), param["about"] or "")


def _parse_returns(text: str) -> dict[str, QueryType]:
    if text == "nothing":
        return {}
    columns: dict[str, QueryType] = {}
    for column in text.split(","):
        name, _, type_text = column.strip().partition(" ")
        if name in columns:
            raise ValueError(f"it returns {name} twice")
        columns[name] = QueryType.parse(type_text.strip())
    return columns


def _check_params(params: Mapping[str, Param], body: str, *, area: str) -> None:
    code = _NOT_CODE.sub(" ", body)
    if not code.strip(" \n\t;"):
        raise ValueError("there is no Cypher below its header")
    used = set(_USED_PARAM.findall(code))
    if undeclared := sorted(used - params.keys()):
        raise ValueError(f"it uses ${', $'.join(undeclared)} without a `param` line")
    if unused := sorted(params.keys() - used):
        raise ValueError(f"its header declares {', '.join(unused)}, which the Cypher does not use")
    if area != SCHEMA_AREA and "dataset" not in params:
        raise ValueError("it takes no $dataset, and no query reads across datasets unless asked to")
