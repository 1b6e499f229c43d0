"""persona-db itself, by `load`, `refine` and `Personas`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.kept import kept_in_neo4j
from benchmarks.rivals.systems.sentences import SETTING
from benchmarks.rivals.task import Item, Probe

__all__ = ["OwnOnly", "PersonaDB"]

DATASET, PROBE = "rivals", "probe"


class PersonaDB:
    """Texts are loaded and refined by the statistical engine; `Personas.recall` retrieves as it does by default."""

    at_once = 1_000
    ratio: float | None = None

    def __init__(self, place: Place) -> None:
        from persona_db.graph.embedding import SentenceTransformerEmbedder
        from persona_db.graph.session import Graph
        from persona_db.graph.settings import Settings

        self._place = place
        self._embedder = SentenceTransformerEmbedder()
        self._graph = Graph.connect(
            Settings(
                home=place.folder, neo4j_uri=place.neo4j_uri, neo4j_username=place.neo4j_user,
                neo4j_password=place.neo4j_password,
            )
        )  # fmt: skip
        self.embed("ready")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "load in files of 1,000 texts, then refine; statistical engine, no language model",
            "retrieve": "own and borrowed items, as by default"
            if self.ratio is None
            else "own items only (ratio=0), as the others retrieve",
            "store": "Neo4j",
            "vectors": f"{SETTING}; no cache of vectors",
        }

    def embed(self, text: str) -> None:
        self._embedder.embed([text])

    def add(self, items: Sequence[Item]) -> None:
        self._load(DATASET, [{"user": item.person, "text": item.text} for item in items])

    def finish(self) -> None:
        from persona_db.chains.refinement.refine import refine

        refine(self._graph, DATASET, embedder=self._embedder)

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        from persona_db.chains.retrieval.recall import RecallSettings, recall

        settings = RecallSettings(size=k) if self.ratio is None else RecallSettings(size=k, ratio=self.ratio)
        context = recall(
            self._graph, person, question, dataset=DATASET, settings=settings, embedder=self._embedder
        )  # fmt: skip
        return [item.text for item in context.items]

    def add_probe(self, probe: Probe) -> None:
        from persona_db.chains.refinement.refine import refine

        statements = list(dict.fromkeys(answer.statement for answer in probe.answers))
        number = {statement: f"q{place}" for place, statement in enumerate(statements)}
        self._load(
            PROBE,
            [
                *(
                    {"type": "question", "id": number[one], "text": one, "options": ["disagree", "agree"]}
                    for one in statements
                ),
                *(
                    {
                        "user": one.person,
                        "question": number[one.statement],
                        "option": "agree" if one.agrees else "disagree",
                    }
                    for one in probe.answers
                ),
                *(
                    {"user": item.person, "text": item.text}
                    for item in probe.items
                    if item.text in (probe.said_by_alike, probe.said_by_stranger)
                ),
            ],
        )
        refine(self._graph, PROBE, embedder=self._embedder)

    def borrow(self, probe: Probe) -> Tried:
        from persona_db.chains.personas import Personas

        people = Personas(self._graph, PROBE, embedder=self._embedder)
        items = people.recall(probe.asked, probe.question).items
        others = [item for item in items if item.source != "own" and "quillwort" in item.text]
        if not others:
            return Tried(False, "nothing of others was returned")
        first = others[0]
        works = first.text == probe.said_by_alike and first.user == probe.alike
        return Tried(works, f"first, marked as {first.source}'s and of {first.user}: {first.text}")

    def why(self, probe: Probe) -> Tried:
        from persona_db.chains.personas import Personas

        people = Personas(self._graph, PROBE, embedder=self._embedder)
        reasons = people.why(probe.asked, "q0").reasons
        said = next((reason.rests_on[0] for reason in reasons if reason.rests_on), "")
        return Tried(bool(said), f"a prediction's reason rests on: {said}" if said else "no reason with what was said")

    def erase(self, probe: Probe) -> Tried:
        from persona_db.chains.personas import Personas

        people = Personas(self._graph, PROBE, embedder=self._embedder)
        receipt = people.forget(probe.stranger)
        kept = kept_in_neo4j(self._place, probe.said_by_stranger) + kept_in_neo4j(self._place, probe.stranger)
        return Tried(kept == 0, f"one call, with a receipt ({type(receipt).__name__}); {kept} nodes still have a word")

    def close(self) -> None:
        self._graph.close()

    def _load(self, dataset: str, lines: Sequence[Mapping[str, object]]) -> None:
        from persona_db.graph.models import Sharing
        from persona_db.loaders import load, open_source

        file = Path(self._place.folder) / "lines.jsonl"
        file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        load(
            self._graph, open_source("jsonl", [file]), dataset=dataset, sharing=Sharing.HISTORY, embedder=self._embedder
        )  # fmt: skip


class OwnOnly(PersonaDB):
    """The same, asked for a person's own items alone, which is what the others return."""

    ratio = 0.0
