"""Statistics run in one BLAS thread, whoever asks for them: their results do not depend on the number of cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from persona_db.chains import open_snapshot, predict, predict_many, recall, refine
from persona_db.chains.fit.conditioning import condition, residuals
from persona_db.chains.fit.population import fit_population
from persona_db.chains.fit.threads import one_thread
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from tests.synthetic import make_world, store

EMBEDDER = HashEmbedder()
NEW: dict[str, Any] = {"options": ("no", "yes"), "embedder": EMBEDDER}


@pytest.fixture(scope="module")
def refined(graph: Graph) -> Iterator[str]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, make_world(people=40, questions=12))
    refine(graph, dataset, embedder=EMBEDDER)
    yield dataset
    drop_dataset(graph, dataset)


def threads() -> set[int]:
    """How many threads each BLAS of this process uses."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[int]]]:
    """The threads that were there when functions solved equations, by function; two are there otherwise."""
    found: dict[str, set[int]] = {}

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **how: Any) -> Any:
            found.setdefault(function.__name__, set()).update(threads())
            return function(*given, **how)

        return call

    monkeypatch.setattr("persona_db.chains.retrieval.collaborator_items.residuals", watched(residuals))
    monkeypatch.setattr("persona_db.chains.statistical.predict.condition", watched(condition))
    monkeypatch.setattr("persona_db.chains.fit.learn.fit_population", watched(fit_population))
    with threadpool_limits(limits=2):
        assert threads() == {2}
        yield found
        assert threads() == {2}


@pytest.mark.parametrize(
    ("work", "functions"),
    [
        (lambda graph, dataset: predict(graph, "u03", "q05", dataset=dataset), {"residuals", "condition"}),
        (lambda graph, dataset: predict(graph, "u03", "Trains?", dataset=dataset, **NEW), {"residuals", "condition"}),
        (
            lambda graph, dataset: predict_many(open_snapshot(graph, dataset), [("u03", "q05")]),
            {"residuals", "condition"},
        ),
        (lambda graph, dataset: recall(graph, "u03", "q05", dataset=dataset), {"residuals"}),
        (lambda graph, dataset: refine(graph, dataset, embedder=EMBEDDER, refit=True), {"fit_population"}),
    ],
    ids=["predict", "predict a new question", "predict many", "recall", "refine"],
)
def test_statistics_run_in_one_thread(
    graph: Graph,
    refined: str,
    used: dict[str, set[int]],
    work: Callable[[Graph, str], object],
    functions: set[str],
) -> None:
    """And what the process had before is there again afterwards."""
    work(graph, refined)
    assert used == {name: {1} for name in functions}


def test_a_limit_within_another_leaves_it_in_force() -> None:
    """Also after the inner one ends; a block that fails ends its limit too."""
    with threadpool_limits(limits=2):
        with one_thread():
            with one_thread():
                assert threads() == {1}
            assert threads() == {1}
        with pytest.raises(ValueError, match="no"), one_thread():
            raise ValueError("no")
        assert threads() == {2}
        with one_thread():
            assert threads() == {1}
