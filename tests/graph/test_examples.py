"""The examples in the docstrings of the public functions do what they show, on the town of docs/example."""

from __future__ import annotations

import doctest
import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import persona_db
from persona_db import Graph
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = (
    ("loaders.load", "load"),
    ("chains.refinement.refine", "refine"),
    ("chains.retrieval.join", "join"),
    ("chains.retrieval.recall", "recall"),
    ("chains.prediction.predict", "predict"),
    ("chains.prediction.trace", "trace"),
    ("evals.evaluate", "evaluate"),
    ("chains.runnables.pipeline", "persona_chain"),
    ("chains.runnables.retriever", "PersonaRetriever"),
    ("chains.profile", "profile"),
    ("chains.retrieval.sharers", "who_shares"),
    ("chains.personas", "Personas"),
    ("graph.session", "Graph.connect"),
)
"""Module and name, in the order of use: the first loads the dataset that the rest read."""


@pytest.fixture
def town(neo4j_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    """A connection like a reader's: settings from the environment, files named from the root of a clone."""
    monkeypatch.setenv("PERSONA_DB_HOME", str(neo4j_settings.home))
    monkeypatch.setenv("PERSONA_DB_CACHE", str(neo4j_settings.cache_dir))
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")
    (tmp_path / "docs").symlink_to(ROOT / "docs", target_is_directory=True)
    lines = map(json.loads, (ROOT / "docs" / "example" / "town.jsonl").read_text(encoding="utf-8").splitlines())
    answers = [line for line in lines if "option" in line]
    rows = [f"{one['user']},{one['question']},{'history' if i % 7 else 'test'}" for i, one in enumerate(answers)]
    (tmp_path / "split.csv").write_text("\n".join(["user,question,split", *rows]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Graph.connect() as graph:
        drop_dataset(graph, "town")
        yield graph
        drop_dataset(graph, "town")


def test_each_public_function_has_an_example_that_runs(town: Graph, neo4j_server: object) -> None:
    """Examples run one after another, with the names of their module, of `persona_db` and of the loaders."""
    shown = {name: getattr(persona_db, name) for name in persona_db.__all__}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    report: list[str] = []
    for place, name in EXAMPLES:
        module = importlib.import_module(f"persona_db.{place}")
        shown_object: object = module
        for part in name.split("."):
            shown_object = getattr(shown_object, part)
        names = {**shown, "open_source": importlib.import_module("persona_db.loaders").open_source, **vars(module)}
        test = doctest.DocTestParser().get_doctest(shown_object.__doc__ or "", {**names, "graph": town}, name, None, 0)
        assert test.examples, f"{name} has no example"
        runner.run(test, out=report.append)
    assert not report, "".join(report)
