"""Tables of pages as files: rows as CSV, and those of a named query for exploring."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from persona_db.explorer.site import needed, site_of
from persona_db.graph.catalog import catalog
from persona_db.graph.cells import csv_cell
from persona_db.graph.explore import explore, explore_queries, params_from_texts
from persona_db.graph.free_cypher import plain
from persona_db.graph.known import require_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.requests import Request

__all__ = ["as_csv", "table"]

_ALSO = ("counts_by_label", "ledger")
"""Queries that are no questions to explore, of which a page shows a table too."""


def table(request: Request) -> Response:
    """Return the rows of the query that `query` names, with the other parameters of the address as its own, as CSV.

    Its columns are those of the query's header, and its cells those of `persona-db query NAME --csv`.
    """
    name = needed(request, "query")
    found = catalog()[name] if name in _ALSO else explore_queries().get(name)
    if found is None:
        raise HTTPException(404, f"there is no table {name[:60]!r}")
    texts = [pair for pair in request.query_params.multi_items() if pair[0] != "query"]
    graph = site_of(request).connection.graph()
    params = params_from_texts(name, texts)
    require_known(graph, name, params)
    rows = explore(graph, name, **params)
    return as_csv(name, found.returns, ([plain(row[column]) for column in found.returns] for row in rows))


def as_csv(name: str, columns: Iterable[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return rows as a CSV file to keep, called by *name*; lists and texts stand in it as `csv_cell` says."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return Response(
        written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"},
    )
