"""A prediction is followed back: evidence, shared keys, collaborator, history items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from persona_db import Graph, join, load, predict, recall, refine, trace
from persona_db.chains import RecallSettings
from persona_db.chains.prediction.trace import Trace
from persona_db.chains.results import Evidence, Prediction
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.erase import erase_user
from persona_db.graph.errors import ConfigError, UnknownDatasetError
from persona_db.graph.models import Sharing
from persona_db.graph.users import history
from persona_db.loaders import open_source
from tests.counted import Counted

TOWN = Path(__file__).resolve().parents[2] / "docs" / "example" / "town.jsonl"
EMBEDDER = HashEmbedder()
MIXED = RecallSettings(size=24, ratio=0.5, summaries=0.3)
"""Places for own items, key summaries and collaborators' items."""


def town(graph: Graph, dataset: str, sharing: Sharing) -> None:
    load(graph, open_source("jsonl", [TOWN]), dataset=dataset, sharing=sharing, embedder=EMBEDDER)
    refine(graph, dataset, embedder=EMBEDDER)


def predicted(graph: Graph, dataset: str) -> Prediction:
    """Return a prediction whose evidence is every recalled item: collaborators' items have no push here."""
    made = predict(graph, "ada", "buses", dataset=dataset, settings=MIXED)
    items = recall(graph, "ada", "buses", dataset=dataset, settings=MIXED).items
    pushes = {one.id: one.weight for one in made.evidence}
    evidence = tuple(
        Evidence(id=item.id, source=item.source, text=item.text, weight=pushes.get(item.id, 0.0)) for item in items
    )
    assert {one.source for one in evidence} == {"own", "summary", "collaborator"}
    return made.model_copy(update={"evidence": evidence})


@pytest.fixture(scope="module")
def shared(graph: Graph) -> Iterator[str]:
    """The town, where everybody shares their history; no test changes it."""
    dataset = f"test-{uuid4().hex[:12]}"
    town(graph, dataset, Sharing.HISTORY)
    yield dataset
    drop_dataset(graph, dataset)


@pytest.fixture(scope="module")
def prediction(graph: Graph, shared: str) -> Prediction:
    return predicted(graph, shared)


@pytest.fixture(scope="module")
def traced(graph: Graph, shared: str, prediction: Prediction) -> Trace:
    return trace(graph, prediction, dataset=shared)


def test_each_piece_of_evidence_is_one_step(prediction: Prediction, traced: Trace) -> None:
    """Steps stand in the order of the evidence, and nothing is gone from a graph that did not change."""
    assert tuple(step.evidence for step in traced.steps) == prediction.evidence
    assert (traced.prediction, traced.gone) == (prediction, ())


def test_own_facts_rest_on_own_history(graph: Graph, shared: str, traced: Trace) -> None:
    """Every history item behind own evidence is one that the user gave, with its text."""
    said = {item.id: item.text for item in history(graph, shared, "ada")}
    own = [step for step in traced.steps if step.evidence.source == "own" and step.layer != "cache"]
    assert {step.layer for step in own} >= {"distilled", "induced"}
    assert {(step.user, step.collaborator, step.withheld) for step in own} == {("ada", None, 0)}
    for step in own:
        assert step.rests_on
        assert {support.item: support.text for support in step.rests_on}.items() <= said.items()


def test_the_strongest_supports_come_first(traced: Trace) -> None:
    """Shares fall along a path and sum to 1 at most: a fact keeps its strongest supports."""
    paths = [[support.share for support in step.rests_on] for step in traced.steps if step.rests_on]
    assert paths
    for shares in paths:
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-5  # each is rounded to six digits


def test_a_collaborator_is_the_one_that_the_join_found(graph: Graph, shared: str, traced: Trace) -> None:
    """Score and keys of a borrowed item's user are those of `join`."""
    found = {one.user: one for one in join(graph, "ada", dataset=shared)}
    borrowed = [step for step in traced.steps if step.evidence.source == "collaborator"]
    assert borrowed
    for step in borrowed:
        assert step.user is not None
        assert step.collaborator == found[step.user]
        assert {support.item for support in step.rests_on} <= {item.id for item in history(graph, shared, step.user)}
        assert step.rests_on


def test_a_summary_leads_to_a_key_the_user_holds_and_to_nobody(graph: Graph, shared: str, traced: Trace) -> None:
    """Holders of a key are counted in a summary and named in no path."""
    held = {row["key"] for row in graph.read("keys_of", dataset=shared, user="ada")}
    summaries = [step for step in traced.steps if step.evidence.source == "summary"]
    assert summaries
    for step in summaries:
        assert step.key is not None
        assert step.key.key in held
        assert step.key.name in step.evidence.text
        assert (step.user, step.collaborator, step.rests_on) == (None, None, ())


def test_a_path_takes_a_fixed_number_of_queries(graph: Graph, shared: str, prediction: Prediction) -> None:
    """One piece of evidence of each source takes as many queries as all evidence together."""
    first = {one.source: one for one in reversed(prediction.evidence)}
    few = prediction.model_copy(update={"evidence": tuple(first.values())})
    taken = []
    for made in (few, prediction):
        counted = Counted(graph.driver)
        own = Graph(cast(Any, counted), graph.settings, database=graph.database, owns_driver=False)
        trace(own, made, dataset=shared)
        taken.append(counted.queries)
    assert len(few.evidence) < len(prediction.evidence)
    assert taken == [5, 5]


def test_history_that_is_not_shared_is_counted_only(graph: Graph, dataset: str) -> None:
    """Of collaborators who share facts alone, their history items are neither named nor quoted."""
    town(graph, dataset, Sharing.DISTILLED)
    found = trace(graph, predicted(graph, dataset), dataset=dataset)
    borrowed = [step for step in found.steps if step.evidence.source == "collaborator"]
    assert borrowed
    assert [step.rests_on for step in borrowed] == [()] * len(borrowed)
    assert all(step.withheld > 0 and step.collaborator is not None for step in borrowed)
    mine = [step for step in found.steps if step.evidence.source == "own" and step.layer != "cache"]
    assert all(step.rests_on and not step.withheld for step in mine)


def test_evidence_that_was_erased_is_said_to_be_gone(graph: Graph, dataset: str) -> None:
    """When a collaborator is erased, a prediction made before is traced without them."""
    town(graph, dataset, Sharing.HISTORY)
    made = predicted(graph, dataset)
    before = trace(graph, made, dataset=dataset)
    user = next(step.user for step in before.steps if step.evidence.source == "collaborator")
    assert user is not None
    erase_user(graph, dataset, user)
    after = trace(graph, made, dataset=dataset)
    assert {one.id for one in after.gone} == {step.evidence.id for step in before.steps if step.user == user}
    assert user not in {step.user for step in after.steps}


def test_a_prediction_of_a_replaced_fit_is_refused(graph: Graph, shared: str, prediction: Prediction) -> None:
    """The error names the Fit and says to predict again; a dataset that never was is named as such."""
    gone = prediction.model_copy(update={"fit": "fit-of-before"})
    with pytest.raises(ConfigError, match=r"no Fit fit-of-before any more; predict again"):
        trace(graph, gone, dataset=shared)
    with pytest.raises(UnknownDatasetError):
        trace(graph, prediction, dataset=f"{shared}-nowhere")
