"""A refinement whose process is killed is completed by the next, to the same graph."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from persona_db.chains.predict import predict_many
from persona_db.chains.reading import open_reading
from persona_db.chains.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import dump, make_world, pairs, rows, store

_REFINE = """
import json, sys
from pathlib import Path
from persona_db.chains import refine
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
sys.modules["persona_db.chains.refine"]._USERS_AT_ONCE = 3
told = json.loads(sys.argv[1])
with Graph.connect(Settings(home=Path(told["home"]), cache=Path(told["cache"]))) as graph:
    refine(graph, told["dataset"])
"""


@pytest.mark.parametrize("after", [1, 7, 24])
def test_a_killed_refinement_is_completed(after: int, graph: Graph, dataset: str, neo4j_settings: Settings) -> None:
    """Killed when so many personas were done, then run again: graph and predictions are those of one that was not."""
    world = make_world(seed=4)
    store(graph, dataset, world)
    undisturbed = f"{dataset}-undisturbed"
    told = json.dumps({"home": str(neo4j_settings.home), "cache": str(neo4j_settings.cache), "dataset": dataset})
    process = subprocess.Popen([sys.executable, "-c", _REFINE, told], env={**os.environ})
    try:
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            done = rows(graph, "MATCH (p:Persona {dataset: $dataset}) RETURN count(p) AS n", dataset=dataset)[0]["n"]
            if done >= after:
                break
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    refine(graph, dataset)
    assert refine(graph, dataset).users == 0
    try:
        store(graph, undisturbed, world)
        refine(graph, undisturbed)
        assert dump(graph, dataset) == dump(graph, undisturbed)
        asked = list(pairs(world))
        assert predict_many(open_reading(graph, dataset), asked) == predict_many(
            open_reading(graph, undisturbed), asked
        )
    finally:
        drop_dataset(graph, undisturbed)
