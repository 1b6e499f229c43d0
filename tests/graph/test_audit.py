"""What the graph says of people is what they said: counted on real data, and against a count by hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.evals.audit import audit
from persona_db.graph.errors import NoFitError
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.loaders import load, open_source
from persona_db.loaders.source import Source
from tests.polis import polis_lines

TOWN = Path(__file__).resolve().parents[2] / "docs" / "example" / "town.jsonl"


def source_of(name: str, data: Path, tmp_path: Path) -> Source:
    """One of the data sets."""
    if name == "senate":
        return open_source("senate")
    if name == "gss":
        return open_source("opinionqa", [data / "gss/human_resp/GSS_Panel_2016"])
    if name == "opinionqa":
        return open_source("opinionqa", sorted((data / "opinionqa/human_resp").glob("American_Trends_Panel_W*")))
    lines = tmp_path / f"{name}.jsonl"
    if name == "twins":
        lines.write_bytes(gzip.decompress((data / "twins/twins.jsonl.gz").read_bytes()))
    else:
        lines.write_text("\n".join(polis_lines(data / "polis/american-assembly.bowling-green")), encoding="utf-8")
    return open_source("jsonl", [lines])


@pytest.mark.parametrize("name", ["senate", "gss", "opinionqa", "polis", "twins"])
def test_what_a_key_says_is_said_by_those_who_hold_it(
    graph: Graph, shared_data: Path, tmp_path: Path, name: str
) -> None:
    """On five data sets: 85 % of the holders asked, 60 % in every key, 10 % never asked, 60 characters, no doubles."""
    load(graph, source_of(name, shared_data, tmp_path), dataset="d", sharing=Sharing.KEYS)
    refine(graph, "d")
    found = audit(graph, "d")
    assert found.holds, found.model_dump()
    assert found.claiming >= 50
    assert found.asked > 500
    assert found.longest_name <= 60


def test_an_audit_counts_what_a_person_counts(graph: Graph) -> None:
    """Holders, asked and said of each key of the town, one by one from their histories."""
    load(graph, open_source("jsonl", [TOWN]), dataset="town")
    with pytest.raises(NoFitError):
        audit(graph, "town")
    refine(graph, "town")
    scope = {"dataset": "town"}
    claims: dict[str, list[tuple[str, list[int]]]] = {}
    for key, question, options in rows(
        graph, "MATCH (k:CacheKey {dataset: $dataset})-[c:CLAIMS]->(q) RETURN k.id, q.id, c.options", scope
    ):
        claims.setdefault(key, []).append((question, options))
    answers = {
        (user, question): option
        for user, question, option in rows(
            graph,
            "MATCH (h:HistoryItem {dataset: $dataset}) WHERE h.option IS NOT NULL RETURN h.user, h.question, h.option",
            scope,
        )
    }
    pairs = asked = said = 0
    for user, key in rows(graph, "MATCH (u:User {dataset: $dataset})-[:HOLDS]->(k) RETURN u.id, k.id", scope):
        for question, options in claims.get(key, ()):
            pairs += 1
            asked += (user, question) in answers
            said += answers.get((user, question)) in options
    found = audit(graph, "town")
    assert (found.pairs, found.asked, found.said) == (pairs, asked, said)
    assert found.pairs > 100


def test_an_audit_finds_what_nobody_said(graph: Graph) -> None:
    """A key whose claim is turned round breaks the bound of every key, and is named."""
    load(graph, open_source("jsonl", [TOWN]), dataset="town")
    refine(graph, "town")
    assert audit(graph, "town").holds
    rows(
        graph,
        "MATCH (k:CacheKey {dataset: $dataset, id: 'stance:bikes=2'})-[c:CLAIMS]->() SET c.options = [0] RETURN k.id",
        {"dataset": "town"},
    )
    found = audit(graph, "town")
    assert not found.holds
    assert [key.key for key in found.failing] == ["stance:bikes=2"]
    assert found.failing[0].said == 0
    assert found.failing[0].asked > 0


def rows(graph: Graph, query: str, parameters: dict[str, str]) -> list[list[Any]]:
    """Run Cypher that is no named query."""
    records, _, _ = graph.driver.execute_query(query, parameters)
    return [list(record.values()) for record in records]
