"""Faults of a language model: each ends in a retry, a repair or a quarantine, and none costs or doubles a fact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.refinement.refine import refine
from persona_db.chains.refinement.report import RefineReport
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.ledger import spent
from persona_db.graph.session import Graph
from tests.language_people import about, essence, opened, talkers
from tests.language_server import ANSWER_FAULTS, TRANSPORT_FAULTS, LanguageServer, Status
from tests.synthetic import rows, store

WORLD = talkers()
USERS = len(WORLD.people)
CALLS = 2 * USERS
PATIENT_S, HANG_S = 30.0, 1.0
REFUSALS = ("refusal", "refusal in words")
VICTIM = "u02"


@pytest.fixture(scope="module")
def undisturbed(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What a refinement without faults leaves."""
    name = "test-language-undisturbed"
    with LanguageServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)
        patch.setenv("OPENAI_API_KEY", "none")
        store(graph, name, WORLD)
        report = refine(graph, name, model=opened(tmp_path_factory.mktemp("undisturbed") / "calls"))
        assert (report.users, report.calls, report.quarantined, len(server.answered)) == (USERS, CALLS, 0, CALLS)
    yield essence(graph, name)
    drop_dataset(graph, name)


@pytest.fixture
def town(graph: Graph, dataset: str) -> str:
    """The same people, not yet refined."""
    store(graph, dataset, WORLD)
    return dataset


def facts(graph: Graph, dataset: str) -> int:
    return int(rows(graph, "MATCH (f:Fact {dataset: $dataset}) RETURN count(f) AS n", dataset=dataset)[0]["n"])


def ledger(graph: Graph, dataset: str) -> tuple[int, int]:
    """Calls and repairs on record."""
    query = "MATCH (r:Run {dataset: $dataset}) RETURN sum(r.calls) AS calls, sum(r.repairs) AS repairs"
    found = rows(graph, query, dataset=dataset)[0]
    return found["calls"], found["repairs"]


def finished(report: RefineReport) -> bool:
    return report.waiting == report.incomplete == 0 and report.stopped is None


@pytest.mark.parametrize("name", list(TRANSPORT_FAULTS))
def test_a_fault_of_transport_ends_in_a_retry(
    name: str, graph: Graph, town: str, language_server: LanguageServer, tmp_path: Path, undisturbed: list[str]
) -> None:
    """The same request again, and no other: the graph is as without it, and nothing was paid for twice."""
    language_server.fail(TRANSPORT_FAULTS[name], times=1)
    model = opened(tmp_path / "calls", timeout_s=HANG_S if name == "hang" else PATIENT_S)
    report = refine(graph, town, model=model)
    assert finished(report)
    assert (report.users, report.quarantined, report.repairs) == (USERS, 0, 0)
    asked = [call.asked.prompt_key for call in language_server.answered]
    assert len(asked) == len(set(asked)) == CALLS
    assert ledger(graph, town) == (CALLS, 0)
    assert essence(graph, town) == undisturbed


@pytest.mark.parametrize(
    ("fault", "least_s"), [(Status(429, retry_after="1"), 1.0), (Status(503, retry_after="1"), 1.0), (Status(429), 0.3)]
)
def test_all_wait_when_one_is_told_to(
    fault: Status, least_s: float, graph: Graph, town: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Retry-After holds for everybody who asks, not for the one call that met it; without it they wait as well."""
    language_server.latency = 0.05
    language_server.fail(fault, times=1)
    refine(graph, town, model=opened(tmp_path / "calls"))
    told = next(call.ended for call in language_server.calls if call.fault)
    later = sorted(call.began - told for call in language_server.calls if call.began > told)
    under_way = ModelSettings().concurrency - 1  # that were sent before it could be known, however slowly
    assert later[under_way] >= least_s - 0.05
    assert len(language_server.answered) == CALLS


@pytest.mark.parametrize("name", list(TRANSPORT_FAULTS))
def test_a_provider_that_stays_away_leaves_users_waiting(
    name: str, graph: Graph, town: str, language_server: LanguageServer, tmp_path: Path, undisturbed: list[str]
) -> None:
    """With a reason and what to do; the same call goes on when it is back."""
    fault = TRANSPORT_FAULTS[name]
    language_server.fail(Status(429, retry_after="0.1") if fault == Status(429, retry_after="1") else fault)
    model = opened(tmp_path / "calls", attempts=2, timeout_s=0.3 if name == "hang" else PATIENT_S)
    stopped = refine(graph, town, model=model)
    assert stopped.waiting == USERS
    assert stopped.stopped is not None
    assert "did not answer" in stopped.stopped
    assert facts(graph, town) == 0
    language_server.mend()
    report = refine(graph, town, model=opened(tmp_path / "calls"))
    assert finished(report)
    assert len(language_server.answered) == CALLS
    assert essence(graph, town) == undisturbed


@pytest.mark.parametrize("name", [name for name in ANSWER_FAULTS if name not in REFUSALS])
def test_a_bad_answer_ends_in_a_repair(
    name: str, graph: Graph, town: str, language_server: LanguageServer, tmp_path: Path, undisturbed: list[str]
) -> None:
    """The model is shown what was wrong, and its next answer is taken; both calls are on record.

    JSON with prose around it is read as it is: no second call is paid for what is there.
    """
    language_server.fail(ANSWER_FAULTS[name], times=1)
    report = refine(graph, town, model=opened(tmp_path / "calls"))
    again = 0 if name == "extra prose" else 1
    assert finished(report)
    assert (report.repairs, report.quarantined) == (again, 0)
    assert ledger(graph, town) == (CALLS + again, again)
    assert sum(call.asked.repair for call in language_server.answered) == again
    assert essence(graph, town) == undisturbed


@pytest.mark.parametrize("task", ["distil", "induce"])
@pytest.mark.parametrize("name", [name for name in ANSWER_FAULTS if name != "extra prose"])
def test_an_answer_that_stays_bad_ends_in_quarantine(
    name: str,
    task: str,
    graph: Graph,
    town: str,
    language_server: LanguageServer,
    tmp_path: Path,
    undisturbed: list[str],
) -> None:
    """Of one user, after the repairs: the reason and the raw text are kept, others are done.

    A refusal is not argued with; and a repair that would be the same as the last is not paid for.
    When the model has come to its senses the next run completes the user, and asks about nobody else;
    what was known of them in part until then is retired.
    """
    language_server.fail(
        ANSWER_FAULTS[name], where=lambda asked: asked.task == task and (about(VICTIM)(asked) or asked.repair)
    )
    report = refine(graph, town, model=opened(tmp_path / "calls"))
    assert (report.waiting, report.incomplete, report.quarantined) == (0, 1, 1)
    asked = 2 * USERS - (task == "distil")  # who has no facts is not asked what follows from them
    assert report.quarantined_share == 1 / asked
    assert {one.stage: one.quarantined for one in spent(graph, town)} == {"distil": 0, "induce": 0} | {task: 1}
    assert report.repairs == (0 if name in REFUSALS else 1)
    kept = rows(
        graph,
        "MATCH (q:Quarantine {dataset: $dataset}) RETURN q.user AS user, q.source AS stage, q.reason AS reason, "
        "q.raw AS raw",
        dataset=town,
    )
    assert [(row["user"], row["stage"]) for row in kept] == [(VICTIM, task)]
    assert kept[0]["reason"]
    assert kept[0]["raw"] or name == "empty content"

    language_server.mend()
    language_server.forget()
    again = refine(graph, town, model=opened(tmp_path / "calls"))
    assert finished(again)
    assert {about(VICTIM)(call.asked) for call in language_server.calls} == {True}
    assert len(language_server.answered) == (2 if task == "distil" else 1)
    assert essence(graph, town, standing=True) == undisturbed


def test_existing_facts_stay_until_better_ones_are_there(
    graph: Graph, town: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """A user who says something new and of whom the model then talks nonsense keeps the facts they had."""
    refine(graph, town, model=opened(tmp_path / "calls"))
    before = valid_facts(graph, town, VICTIM)
    more = WORLD.items[-1].model_copy(update={"id": "new", "user": VICTIM, "text": "I have a new dog. resident-u02"})
    from persona_db.graph.ingest import store_items

    store_items(graph, town, [more])
    language_server.fail(ANSWER_FAULTS["wrong types"])
    report = refine(graph, town, model=opened(tmp_path / "calls"))
    assert report.quarantined == 1
    assert valid_facts(graph, town, VICTIM) == before
    language_server.mend()
    assert finished(refine(graph, town, model=opened(tmp_path / "calls")))
    assert any("new dog" in text for text in valid_facts(graph, town, VICTIM))


def valid_facts(graph: Graph, dataset: str, user: str) -> list[str]:
    query = (
        "MATCH (:User {dataset: $dataset, id: $user})-[:HAS_FACT]->(f:Fact {retired_at: '9999-12-31'}) "
        "RETURN f.text AS text ORDER BY text"
    )
    return [row["text"] for row in rows(graph, query, dataset=dataset, user=user)]
