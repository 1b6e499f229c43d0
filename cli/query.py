"""persona-db query: run a named query, list named queries, or run read-only Cypher of your own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

__all__ = ["query"]

_LONGEST_CELL = 100


def query(
    name: Annotated[str | None, typer.Argument(help="Name of a query; without it, the queries are listed.")] = None,
    *,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="A parameter as name=value; repeat it for each member of a list."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Dataset to read; the same as --param dataset=...")] = None,
    cypher: Annotated[str | None, typer.Option(help="Read-only Cypher to run instead of a named query.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds after which --cypher is stopped.")] = 30.0,
    rows: Annotated[int, typer.Option(min=1, help="Most rows that --cypher returns.")] = 10_000,
    every: Annotated[bool, typer.Option("--all", help="List every read query, not only those for exploring.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the query's file instead of running it.")] = False,
    weighted: Annotated[
        bool,
        typer.Option(
            "--weighted",
            help="Count people by their survey weights, in popular_keys and one_key; other queries say in --show how they count.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows, or the list of queries, as JSON.")] = False,
) -> None:
    """Run a named query of cypher/, list the named queries, or run read-only Cypher of your own."""
    from persona_db.graph.errors import ConfigError

    texts = [_pair(one) for one in param or ()]
    if dataset is not None:
        texts.append(("dataset", dataset))
    if weighted:
        _require_weights(name)
        texts.append(("weighted", "true"))
    if cypher is not None:
        if name is not None:
            raise ConfigError("give the name of a query or --cypher, not both")
        _run_free(cypher, dict(texts), seconds=seconds, most_rows=rows, as_json=as_json)
    elif name is None:
        _list(every=every, as_json=as_json)
    elif show:
        _show(name)
    else:
        _run(name, texts, as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    from persona_db.graph.errors import ConfigError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"--param {text!r} is not name=value")
    return name.strip().removeprefix("$"), value


def _list(*, every: bool, as_json: bool) -> None:
    from persona_db.cli.console import print_json, print_table
    from persona_db.graph.catalog import catalog
    from persona_db.graph.explore import explore_queries

    found = {name: one for name, one in catalog().items() if not one.writes and one.area != "schema"}
    if not every:
        found = explore_queries()
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "area": one.area,
                    "summary": one.summary,
                    "params": {
                        param.name: {"type": str(param.type), "about": param.about} for param in one.params.values()
                    },
                    "returns": {column: str(kind) for column, kind in one.returns.items()},
                    "cost": one.cost,
                }
                for one in found.values()
            ]
        )
        return
    print_table(("query", "what it returns"), [(one.name, one.summary) for one in found.values()])


def _show(name: str) -> None:
    from persona_db.graph.catalog import catalog
    from persona_db.graph.errors import QueryFileError

    if name not in catalog():
        raise QueryFileError(f"no query {name!r}; `persona-db query` lists those there are")
    print(catalog()[name].text.rstrip())


def _run(name: str, texts: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    from persona_db.cli.console import connect, print_json, progress_bar, read_settings
    from persona_db.graph.explore import explore, params_from_texts, why_no_rows
    from persona_db.graph.free_cypher import plain
    from persona_db.graph.known import require_known

    params = params_from_texts(name, texts)
    with progress_bar() as progress, connect(read_settings(), progress=progress) as graph:
        require_known(graph, name, params)
        found: list[dict[str, Any]] = [plain(row) for row in explore(graph, name, **params)]
        columns = list(graph.catalog[name].returns)
    if as_json:
        print_json(found)
        return
    _print(columns, [list(row.values()) for row in found], why_empty=why_no_rows(name, params))
    if params.get("weighted"):
        print("shares count people by their survey weights; one without counts as 1")


def _require_weights(name: str | None) -> None:
    """Raise ConfigError unless there is a choice of counting people by their weights."""
    from persona_db.graph.errors import ConfigError
    from persona_db.graph.explore import explore_queries

    choices = [one.name for one in explore_queries().values() if "weighted" in one.params]
    if name not in choices:
        raise ConfigError(
            f"--weighted is for the queries {' and '.join(choices)}; `persona-db query {name or 'NAME'} --show` says how "
            "another counts"
        )


def _run_free(text: str, params: Mapping[str, str], *, seconds: float, most_rows: int, as_json: bool) -> None:
    from persona_db.cli.console import connect, one_line, print_json, progress_bar, read_settings
    from persona_db.graph.free_cypher import run_free

    logging.getLogger("neo4j.notifications").addHandler(logging.NullHandler())  # they are printed here
    with progress_bar() as progress, connect(read_settings(), progress=progress) as graph:
        found = run_free(graph, text, params={name: _typed(value) for name, value in params.items()}, seconds=seconds,
                         most_rows=most_rows)  # fmt: skip
    for warning in found.warnings:
        typer.echo(f"the server warns: {one_line(warning)}", err=True)
    if as_json:
        print_json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
    else:
        _print(found.columns, found.rows)
    if found.capped:
        typer.echo(f"only the first {most_rows:,} rows are shown; --rows allows more", err=True)


def _typed(text: str) -> object:
    """Return a parameter of free Cypher: its JSON value, or the text where it is not JSON."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


def _print(columns: Sequence[str], rows: Sequence[Sequence[object]], *, why_empty: str = "") -> None:
    from persona_db.cli.console import as_csv, print_table

    if as_csv():
        print_table(columns, rows)
    elif rows:
        print_table(columns, [[_cell(value) for value in row] for row in rows])
    else:
        print(why_empty or "no rows")


def _cell(value: object) -> object:
    from persona_db.graph.cells import joined

    if isinstance(value, list):
        value = [round(one, 3) if isinstance(one, float) else one for one in value]
    value = joined(value)
    return f"{value[: _LONGEST_CELL - 1]}…" if isinstance(value, str) and len(value) > _LONGEST_CELL else value
