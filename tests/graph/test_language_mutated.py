"""Three hundred mutated answers of a served model: none ends a refinement or a prediction, and none is stored wrong."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from threading import Lock

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.prediction.predict import predict_many
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import NoFitError
from persona_db.graph.session import Graph
from tests.language_people import opened, talkers
from tests.language_server import Asked, LanguageServer, Said
from tests.synthetic import rows, store
from tests.unit.language.test_language_mutations import SPOILT

ANSWERS = 300
MOST_RUNS = 30
WORLD = talkers()
ASTRAY = """
MATCH (u:User {dataset: $dataset})-[:HAS_FACT]->(f:Fact)
OPTIONAL MATCH (f)-[:DERIVED_FROM]->(from)
WITH u, f, collect(from) AS origins
WHERE origins = [] OR any(one IN origins WHERE one.user <> u.id) OR NOT EXISTS { (f)-[:SAYS]->(:Statement) }
RETURN f.id AS id
"""


def test_mutated_answers(graph: Graph, dataset: str, language_server: LanguageServer, tmp_path: Path) -> None:
    """Every fact that is stored rests on what its own user said; every prediction is one of the options, or none."""
    draw, lock, spoilt = Random(7), Lock(), 0

    def spoil(asked: Asked, answer: str) -> str:
        nonlocal spoilt
        with lock:
            spoilt += 1
            said = SPOILT[draw.randrange(len(SPOILT))](draw, answer, json.dumps({next(iter(json.loads(answer))): []}))
        return said if isinstance(said, str) else answer[1:]

    language_server.fail(Said(spoil))
    runs = 0
    while spoilt < ANSWERS and runs < MOST_RUNS:
        runs += 1
        drop_dataset(graph, dataset)
        store(graph, dataset, WORLD, embed=False)
        refine(graph, dataset, model=opened(tmp_path / f"calls {runs}"))
        assert rows(graph, ASTRAY, dataset=dataset) == []
    assert spoilt >= ANSWERS
    pairs = [(person.id, WORLD.questions[0].id) for person in WORLD.people]
    try:
        made = predict_many(open_snapshot(graph, dataset), pairs, model=opened(tmp_path / "asked"))
    except NoFitError:
        return
    for one in made:
        assert one.outcome != "answered" or one.answer in WORLD.questions[0].options
        one.model_dump_json().encode()
