"""Every query of cypher/ is planned by a real server, and its plan is what its header says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from persona_db.graph.catalog import NamedQuery, catalog
from persona_db.graph.migrations import migrations
from tests.plans import costly, dummy

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

MIGRATIONS = {query.name for query in migrations().values()}
QUERIES = [query for name, query in catalog().items() if name not in MIGRATIONS]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_plan_is_what_the_header_says(graph: Graph, query: NamedQuery) -> None:
    """It reads or writes as its cost says, returns what it declares, and owns up to costly operators."""
    params = {name: dummy(param.type) for name, param in query.params.items()}
    with graph.driver.session(database=graph.database) as session:
        result = session.run(f"EXPLAIN {query.text}", params)
        columns = list(result.keys())
        summary = result.consume()
    assert summary.plan is not None
    assert columns == list(query.returns)
    assert ((summary.query_type or "") in ("w", "rw", "s")) == query.writes
    assert [name for name in sorted(costly(summary.plan)) if name not in query.cost] == []


@pytest.mark.parametrize(
    ("looked_up", "multiplies"),
    [("k.id = $key", False), ("k.id > ''", True), ("k.id IN [$key, 'x']", True), ("k.id STARTS WITH $key", True)],
)
def test_only_a_product_that_multiplies_is_costly(graph: Graph, looked_up: str, multiplies: bool) -> None:
    """A node that is looked up by its key beside many is one row; one looked up by a part of its key is not."""
    query = f"""
    MATCH (k:CacheKey {{dataset: $dataset, fit: $fit}}) WHERE {looked_up}
    MATCH (u:User {{dataset: $dataset}}) WHERE u.id > ''
    RETURN k, u
    """
    with graph.driver.session(database=graph.database) as session:
        plan = session.run(f"EXPLAIN {query}", dataset="x", fit="x", key="x").consume().plan
    assert plan is not None
    assert ("CartesianProduct" in costly(plan)) == multiplies
