"""The main job on a real survey: how fast it loads, refines and predicts, and the keys that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil
from neo4j import Record

from benchmarks.people import Profile
from benchmarks.queries import query_text
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.prediction.predict import predict_many
from persona_db.chains.refinement.refine import refine
from persona_db.evals.splits import items_to_predict
from persona_db.graph import server
from persona_db.graph.embedding import embedder_of
from persona_db.graph.models import HistoryItem, Model, Question, Sharing
from persona_db.graph.progress import Progress
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders.formats import open_source
from persona_db.loaders.load import load
from persona_db.loaders.rows import ignore

__all__ = ["Survey", "SurveyReport", "run_survey"]

DATASET = "survey"


class SurveyReport(Model):
    """What loading, refining and predicting took; texts were embedded before."""

    source: str
    users: int
    items: int
    load_seconds: float
    refine_seconds: float
    predictions: int
    predict_seconds: float
    server_mb: int


@dataclass(frozen=True)
class Survey:
    """The report, and who holds which keys."""

    report: SurveyReport
    profiles: tuple[Profile, ...]
    opposites: Mapping[str, str]


def run_survey(folder: Path, *, home: Path, predictions: int, seed: int, progress: Progress) -> Survey:
    """Load, refine and predict GSS 2016 (OpinionQA's layout) in a server of its own."""
    settings = Settings(neo4j_uri=None, home=home, cache=Settings().cache_dir)
    embedder = embedder_of(settings)
    split = [folder / "split.csv.gz"]
    source = open_source("opinionqa", [folder], split=split)
    progress("embedding", 0, None)
    embedder.embed(sorted({r.text for r in source.read(ignore) if isinstance(r, Question | HistoryItem)}))
    try:
        with Graph.connect(settings, progress=progress) as graph:
            loaded = load(graph, source, dataset=DATASET, sharing=Sharing.HISTORY, embedder=embedder, progress=progress)
            refined = refine(graph, DATASET, embedder=embedder, progress=progress)
            tests = items_to_predict(open_source("opinionqa", [folder], split=split))
            drawn = np.random.default_rng(seed).permutation(len(tests))[:predictions]
            asked = [(tests[row].user, tests[row].question) for row in drawn]
            snapshot = open_snapshot(graph, DATASET)
            began = perf_counter()
            made = predict_many(snapshot, asked, progress=progress)
            seconds = perf_counter() - began
            profiles = {row["user"]: dict(row["keys"]) for row in _rows(graph, "held_keys", fit=snapshot.fit)}
            opposites = {row["key"]: row["opposite"] for row in _rows(graph, "opposites", fit=snapshot.fit)}
            server_mb = psutil.Process(server.ensure_running(settings).pid).memory_info().rss // 2**20
    finally:
        server.stop(settings)
    report = SurveyReport(
        source=folder.name, users=refined.users, items=loaded.items_new, load_seconds=round(loaded.seconds, 1),
        refine_seconds=round(refined.seconds, 1), predictions=len(made), predict_seconds=round(seconds, 1),
        server_mb=server_mb,
    )  # fmt: skip
    return Survey(report, tuple(profiles.values()), opposites)


def _rows(graph: Graph, query: str, *, fit: str) -> list[Record]:
    text = query_text(query)
    return graph.driver.execute_query(text, dataset=DATASET, fit=fit, database_=graph.database).records
