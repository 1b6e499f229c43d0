"""Commands that read do not import what they do not need: that is most of the time that they take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from persona_db.chains import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import make_world, store

HEAVY = ("scipy", "sklearn", "torch", "sentence_transformers", "langchain_core", "langchain_openai")


@pytest.fixture(scope="module")
def refined(graph: Graph) -> Iterator[str]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, make_world(people=40, questions=12))
    refine(graph, dataset, embedder=HashEmbedder())
    yield dataset
    drop_dataset(graph, dataset)


@pytest.mark.parametrize(
    "arguments",
    [
        ("users",),
        ("join", "u01"),
        ("join", "u01", "--question", "q03"),
        ("recall", "u01", "q03"),
        ("query", "popular_keys"),
        ("predict", "u01", "q03"),
    ],
    ids=["users", "join", "join for a question", "recall", "query", "predict"],
)
def test_commands_import_nothing_heavy(refined: str, neo4j_settings: Settings, arguments: tuple[str, ...]) -> None:
    """Of a known user and a known question."""
    code = (
        "import sys; from persona_db.cli.main import main\n"
        f"try: main({[*arguments, '--dataset', refined]!r})\n"
        "except SystemExit as exit: status = exit.code\n"
        f"print('left:', status or 0, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = os.environ | {
        "PERSONA_DB_HOME": str(neo4j_settings.home),
        "PERSONA_DB_CACHE": str(neo4j_settings.cache_dir),
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    lines = done.stdout.splitlines()
    assert len(lines) > 1, "it answered"
    assert lines[-1] == "left: 0 []"
