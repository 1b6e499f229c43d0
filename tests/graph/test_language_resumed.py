"""Refinement by a language model is paid once: killed, bounded, run again or asked about what is new."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.ingest import store_items
from persona_db.graph.ledger import spent
from persona_db.graph.models import END_OF_TIME, HistoryItem
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.language_people import SCRIPTED, about, essence, opened, said_by, talkers
from tests.language_server import LanguageServer
from tests.synthetic import dump, rows, store

PEOPLE = 30  # more than are written at once
WORLD = talkers(PEOPLE)
CALLS = 2 * PEOPLE
PRICES = {SCRIPTED: {"tokens_in": 1.0, "tokens_out": 4.0}}

_REFINE = """
import json, sys
from pathlib import Path
from persona_db.chains import refine
from persona_db.graph.models import END_OF_TIME, HistoryItem
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.language_people import opened
told = json.loads(sys.argv[1])
with Graph.connect(Settings(home=Path(told["home"]), cache=Path(told["cache"]))) as graph:
    refine(graph, told["dataset"], model=opened(Path(told["calls"])))
"""


@pytest.fixture
def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price of the scripted model."""
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(PRICES), encoding="utf-8")
    monkeypatch.setenv("PERSONA_DB_PRICES", str(file))


@pytest.mark.parametrize("after", [1, 17, 45])
def test_a_killed_refinement_pays_nothing_twice(
    after: int,
    graph: Graph,
    dataset: str,
    neo4j_settings: Settings,
    language_server: LanguageServer,
    tmp_path: Path,
    undisturbed: list[str],
) -> None:
    """Killed when so many calls had answered: the next run asks what had not, and ends in an equal graph."""
    store(graph, dataset, WORLD)
    language_server.latency = 0.02
    process = refining(neo4j_settings, dataset, tmp_path / "calls")
    try:
        wait_for(process, language_server, after)
        language_server.hold()
        time.sleep(2.0)  # what was answered is received, on a busy machine too
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    paid = {call.asked.prompt_key for call in language_server.answered}
    assert after <= len(paid) < CALLS
    language_server.go_on()
    time.sleep(0.3)  # what was held goes nowhere
    language_server.forget()
    written = rows(graph, "MATCH (r:Run {dataset: $d}) RETURN sum(r.calls) AS n", d=dataset)[0]["n"]

    report = refine(graph, dataset, model=opened(tmp_path / "calls"))
    asked = [call.asked.prompt_key for call in language_server.answered]
    assert paid & set(asked) == set()
    assert len(asked) == len(set(asked)) == CALLS - len(paid)
    # Those who were written are not asked about again.
    assert (report.calls, report.cached) == (CALLS - len(paid), len(paid) - written)
    assert ledger(graph, dataset) == ledger(graph, "test-language-in-one-go")
    assert (report.waiting, report.incomplete) == (0, 0)
    assert essence(graph, dataset) == undisturbed


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.0])
def test_one_killed_while_it_writes_is_completed(
    seconds: float,
    graph: Graph,
    dataset: str,
    neo4j_settings: Settings,
    language_server: LanguageServer,
    tmp_path: Path,
    undisturbed: list[str],
) -> None:
    """Killed when all had answered, so long after: the next run asks only what was on its way, if anything."""
    store(graph, dataset, WORLD)
    language_server.latency = 0.02
    process = refining(neo4j_settings, dataset, tmp_path / "calls")
    try:
        wait_for(process, language_server, CALLS)
        time.sleep(seconds)
    finally:
        killed = time.monotonic()
        process.kill()
        process.wait()
    on_the_way = {call.asked.prompt_key for call in language_server.answered if call.ended > killed - 0.2}
    language_server.forget()
    report = refine(graph, dataset, model=opened(tmp_path / "calls"))
    assert {call.asked.prompt_key for call in language_server.answered} <= on_the_way
    assert (report.waiting, report.incomplete) == (0, 0)
    assert essence(graph, dataset) == undisturbed


def ledger(graph: Graph, dataset: str) -> list[tuple[object, ...]]:
    """Calls and tokens by stage, as on record."""
    return [(one.stage, one.calls, one.repairs, one.tokens_in, one.tokens_out) for one in spent(graph, dataset)]


def refining(settings: Settings, dataset: str, calls: Path) -> subprocess.Popen[bytes]:
    """Another process that refines, four calls at once."""
    told = {"home": str(settings.home), "cache": str(settings.cache), "dataset": dataset, "calls": str(calls)}
    return subprocess.Popen([sys.executable, "-c", _REFINE, json.dumps(told)], env={**os.environ})


def wait_for(process: subprocess.Popen[bytes], server: LanguageServer, answered: int) -> None:
    """Return when so many calls were answered."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline and len(server.answered) < answered:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def undisturbed(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What a refinement that nothing stopped leaves."""
    name = "test-language-in-one-go"
    with LanguageServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)
        patch.setenv("OPENAI_API_KEY", "none")
        store(graph, name, WORLD)
        refine(graph, name, model=opened(tmp_path_factory.mktemp("in-one-go") / "calls"))
    yield essence(graph, name)
    drop_dataset(graph, name)


def test_a_finished_refinement_asks_nothing(
    graph: Graph, dataset: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Run again it makes no call, with the cache gone as well, and leaves the graph as it was."""
    store(graph, dataset, WORLD)
    first = refine(graph, dataset, model=opened(tmp_path / "calls"))
    assert (first.users, first.calls) == (PEOPLE, CALLS)
    before = dump(graph, dataset)
    language_server.forget()
    again = refine(graph, dataset, model=opened(tmp_path / "another"))
    assert (again.users, again.unchanged, again.calls, again.cached) == (0, PEOPLE, 0, 0)
    assert language_server.calls == []
    assert dump(graph, dataset) == before


def test_a_new_item_costs_calls_for_its_user_alone(
    graph: Graph, dataset: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Nobody else is asked about or touched; what no longer holds of the user is retired, not deleted."""
    store(graph, dataset, WORLD)
    refine(graph, dataset, model=opened(tmp_path / "calls"))
    language_server.forget()
    others = dump(graph, dataset, leave_out=["u03"])
    item = HistoryItem(id="new", user="u03", text=f"Ships carry more than trucks. {said_by('u03')}", at="2026-05-01")
    store_items(graph, dataset, [item])
    before = facts_of(graph, dataset, "u03")

    report = refine(graph, dataset, model=opened(tmp_path / "calls"))
    assert (report.users, report.unchanged) == (1, PEOPLE - 1)
    assert [about("u03")(call.asked) for call in language_server.answered] == [True, True]
    after = facts_of(graph, dataset, "u03")
    assert before.keys() <= after.keys()
    assert any(retired == END_OF_TIME and "Ships" in text for text, retired in after.values())
    assert rows(graph, COUNT_OTHERS, dataset=dataset, user="u03", since="2026-05-01") == [{"n": 0}]
    new_texts = dump(graph, dataset, leave_out=["u03"])
    assert [line for line in others if line not in new_texts] == []


def test_a_budget_stops_in_time_and_is_gone_on_from(
    priced: None,
    graph: Graph,
    dataset: str,
    language_server: LanguageServer,
    tmp_path: Path,
    undisturbed: list[str],
) -> None:
    """Never a cent over it; what was paid for is kept, and is not paid for when there is money again."""
    store(graph, dataset, WORLD)
    whole = refine(graph, dataset, model=opened(tmp_path / "calls"), dry_run=True).cost_usd
    assert whole is not None
    budget = whole / 2
    stopped = refine(graph, dataset, model=opened(tmp_path / "calls", max_tokens_out=400), budget_usd=budget)
    assert stopped.cost_usd is not None
    assert 0.5 * budget < stopped.cost_usd <= budget
    assert 0 < stopped.waiting < PEOPLE
    assert stopped.users + stopped.waiting == PEOPLE
    assert stopped.stopped is not None
    assert f"budget of ${budget:g}" in stopped.stopped
    paid = {call.asked.prompt_key for call in language_server.answered}
    assert stopped.calls == len(language_server.answered) == len(paid)

    language_server.forget()
    rest = refine(graph, dataset, model=opened(tmp_path / "calls", max_tokens_out=400), budget_usd=whole)
    assert (rest.waiting, rest.stopped) == (0, None)
    assert paid & {call.asked.prompt_key for call in language_server.answered} == set()
    assert rest.calls + stopped.calls == CALLS
    ledger = rows(graph, "MATCH (r:Run {dataset: $dataset}) RETURN sum(r.cost_usd) AS usd", dataset=dataset)
    assert ledger[0]["usd"] == pytest.approx(stopped.cost_usd + (rest.cost_usd or 0))
    assert not_of_fit(essence(graph, dataset)) == not_of_fit(undisturbed)


def test_a_limit_bounds_the_users(graph: Graph, dataset: str, language_server: LanguageServer, tmp_path: Path) -> None:
    """So many now, the others when asked again."""
    store(graph, dataset, WORLD)
    some = refine(graph, dataset, model=opened(tmp_path / "calls"), limit=7)
    assert (some.users, some.waiting) == (7, PEOPLE - 7)
    rest = refine(graph, dataset, model=opened(tmp_path / "calls"))
    assert (rest.users, rest.waiting) == (PEOPLE - 7, 0)
    assert len(language_server.answered) == CALLS


@pytest.mark.parametrize("sample", [0, 6])
def test_a_dry_run_foretells_the_tokens(
    sample: int, priced: None, graph: Graph, dataset: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Within 15 % of what the server then counts, in tokens in and in money, without a call; with a few users
    refined before it (`--limit`), in tokens out as well.
    """
    store(graph, dataset, WORLD)
    if sample:
        refine(graph, dataset, model=opened(tmp_path / "calls"), limit=sample)
    language_server.forget()
    plan = refine(graph, dataset, model=opened(tmp_path / "calls"), dry_run=True)
    assert language_server.calls == []
    real = refine(graph, dataset, model=opened(tmp_path / "calls"))
    assert (plan.dry_run, plan.calls, plan.users) == (True, real.calls, real.users)
    assert plan.tokens_in == pytest.approx(real.tokens_in, rel=0.15)
    if sample:
        assert plan.tokens_out == pytest.approx(real.tokens_out, rel=0.15)
        assert plan.cost_usd == pytest.approx(real.cost_usd, rel=0.15)


COUNT_OTHERS = """
MATCH (n) WHERE n.dataset = $dataset AND n.user IS NOT NULL AND n.user <> $user
  AND (n.at >= $since AND (n:Fact OR n:Persona) OR n.retired_at = $since)
RETURN count(n) AS n
"""


def facts_of(graph: Graph, dataset: str, user: str) -> dict[str, tuple[str, str]]:
    """Text and end of each fact of a user, by id."""
    query = (
        "MATCH (:User {dataset: $dataset, id: $user})-[:HAS_FACT]->(f:Fact) "
        "RETURN f.id AS id, f.text AS text, f.retired_at AS retired_at"
    )
    return {row["id"]: (row["text"], row["retired_at"]) for row in rows(graph, query, dataset=dataset, user=user)}


def not_of_fit(lines: list[str]) -> list[str]:
    """The lines with another name for the Fit, which depends on how the model is asked."""
    return sorted(re.sub(r"fit-[0-9a-f]+", "fit", line) for line in lines if "'label': 'Fit'" not in line)
