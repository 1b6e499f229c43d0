"""The commands with a real small model on real essays: the same ones, `--model llama` the only difference."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_db.graph.session import Graph
from tests.synthetic import rows

from .command_line import CommandLine

DATASET = "end-to-end-chatbot"
MODEL = ("--model", "llama")
USERS = 1


@pytest.fixture
def own_cache(use_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the model answered in other runs is not at hand."""
    from persona_db.chains.language.llama import stop_servers

    monkeypatch.setenv("PERSONA_DB_CACHE", str(tmp_path))
    yield
    stop_servers()


@pytest.mark.shared_data
def test_the_whole_way_with_a_real_model(cli: CommandLine, own_cache: None, shared_data: Path) -> None:
    """Load, refine and predict end well; all calls are accounted for, and every fact rests on what its user said."""
    folder = shared_data / "chatbot-opinions"
    loaded = cli.json("load", "rfpn", folder, "--dataset", DATASET, "--sharing", "history")
    assert (loaded["users"], loaded["quarantined"]) == (200, 3)  # three essays are "nan"

    limit = ("--limit", str(USERS))
    plan = cli.json("refine", "--dataset", DATASET, *MODEL, *limit, "--dry-run")
    assert (plan["dry_run"], plan["users"], plan["calls"]) == (True, USERS, 2 * USERS)
    refined = cli.json("refine", "--dataset", DATASET, *MODEL, *limit)
    assert (refined["engine"], refined["users"], refined["waiting"]) == ("llama", USERS, loaded["users"] - USERS)
    first_asked = refined["calls"] - refined["repairs"]
    assert USERS <= first_asked <= plan["calls"]  # a history that gives no fact takes no second call
    if not refined["quarantined"]:
        assert first_asked == plan["calls"]
    if not refined["repairs"]:
        assert plan["tokens_in"] == pytest.approx(refined["tokens_in"], rel=0.15)

    facts = grounding()
    assert len(facts) == refined["facts"]
    assert [fact for fact in facts if not fact["grounded"]] == []
    asked = cli.json("predict", facts[0]["user"] if facts else "generation1", "--dataset", DATASET, *MODEL,
                     "--question", question_of(folder))  # fmt: skip
    assert (asked["engine"], asked["outcome"] in OUTCOMES) == ("llama", True)
    assert (asked["answer"] in asked["options"]) == (asked["outcome"] == "answered")

    ledger = spent_on()
    assert ledger["refine"] == (refined["calls"], refined["tokens_in"], refined["tokens_out"])
    assert ledger["predict"][0] >= 1
    sys.stdout.write(
        f"{refined['quarantined']} quarantined, {refined['repairs']} repairs in {refined['calls']} calls; tokens in "
        f"{plan['tokens_in']} foretold, {refined['tokens_in']} counted; out {plan['tokens_out']} foretold, "
        f"{refined['tokens_out']} counted\n"
    )


OUTCOMES = ("answered", "outside", "refused", "empty", "invalid")


def question_of(folder: Path) -> str:
    """The id of some post."""
    posts: dict[str, Any] = json.loads((folder / "post_data.json").read_text(encoding="utf-8"))
    return min(posts)


def grounding() -> list[dict[str, Any]]:
    """Each fact, and whether it rests on something, all of it said by its user or a fact of theirs."""
    query = """
    MATCH (u:User {dataset: $dataset})-[:HAS_FACT]->(f:Fact)
    OPTIONAL MATCH (f)-[:DERIVED_FROM]->(s)
    WITH u, f, collect(s) AS supports
    RETURN u.id AS user, f.layer AS layer,
           size(supports) > 0 AND all(s IN supports WHERE s.user = u.id AND (s:HistoryItem OR s.layer = 'distilled'))
             AS grounded
    """
    with Graph.connect() as graph:
        return rows(graph, query, dataset=DATASET)


def spent_on() -> dict[str, tuple[int, int, int]]:
    """Calls, tokens in and out on record: of refinement, and of prediction."""
    query = """
    MATCH (r:Run {dataset: $dataset})
    RETURN CASE r.stage WHEN 'predict' THEN 'predict' ELSE 'refine' END AS what,
           sum(r.calls) AS calls, sum(r.tokens_in) AS tokens_in, sum(r.tokens_out) AS tokens_out
    """
    with Graph.connect() as graph:
        found = rows(graph, query, dataset=DATASET)
    return {row["what"]: (row["calls"], row["tokens_in"], row["tokens_out"]) for row in found}
