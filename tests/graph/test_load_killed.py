"""A load whose process is killed is completed by the same load again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source

SCRIPT = """
import sys
from pathlib import Path
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source

home, cache, path, dataset = sys.argv[1:]
with Graph.connect(Settings(home=Path(home), cache=Path(cache), batch_size=50)) as graph:
    load(
        graph,
        open_source("jsonl", [path]),
        dataset=dataset,
        embedder=HashEmbedder(),
        progress=lambda what, done, total=None: print(what, done, flush=True),
    )
"""


def lines() -> list[dict[str, Any]]:
    question = {"type": "question", "id": "q", "text": "Well?", "options": ["no", "yes"]}
    people = [{"type": "user", "id": f"u{n}", "attributes": {"AGE": str(n)}} for n in range(40)]
    answers = [{"user": f"u{n}", "question": "q", "option": n % 2} for n in range(40)]
    texts = [{"user": f"u{n % 60}", "text": f"text {n % 700}", "id": str(n)} for n in range(2_000)]
    return [question, *people, *answers, *texts, {"user": "nobody"}]


def picture(graph: Graph, dataset: str) -> list[tuple[Any, ...]]:
    """Everything in the dataset but users' versions, which count batches."""
    queries = (
        "MATCH (n {dataset: $d}) WHERE NOT n:Dataset RETURN labels(n), n.id, '', n{.*, dataset: null, version: null}",
        "MATCH (n {dataset: $d})-[r]->(m) RETURN type(r), n.id, m.id, properties(r)",
    )
    found = (record for query in queries for record in graph.driver.execute_query(query, d=dataset).records)
    return sorted(tuple(map(str, record.values())) for record in found)


@pytest.mark.parametrize("batches", [1, 17, 40])
def test_a_killed_load_is_completed_by_the_next(
    graph: Graph, neo4j_settings: Settings, dataset: str, tmp_path: Path, batches: int
) -> None:
    """Killed early, midway or near the end: nothing is missing afterwards and nothing is there twice."""
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines()), "utf-8")
    arguments = [str(neo4j_settings.home), str(neo4j_settings.cache_dir), str(path), dataset]
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        stored = (told for told in process.stdout if told.startswith("loading"))
        for _ in range(batches):
            next(stored)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    whole = f"{dataset}-whole"
    source = open_source("jsonl", [path])
    load(graph, source, dataset=dataset, embedder=HashEmbedder())
    load(graph, source, dataset=whole, embedder=HashEmbedder())
    try:
        assert picture(graph, dataset) == picture(graph, whole)
    finally:
        drop_dataset(graph, whole)
