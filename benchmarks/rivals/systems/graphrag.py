"""neo4j-graphrag: a vector index that is filtered by person, and its retriever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.kept import driver_of
from benchmarks.rivals.systems.sentences import DIMENSION, SETTING, model_folder
from benchmarks.rivals.task import Item, Probe

__all__ = ["Neo4jGraphRAG"]

INDEX = "said"


class Neo4jGraphRAG:
    """A node a text, its vector by `upsert_vectors`, retrieved by `VectorRetriever` with a filter inside the index."""

    at_once = 1_000

    def __init__(self, place: Place) -> None:
        from neo4j_graphrag.embeddings import SentenceTransformerEmbeddings
        from neo4j_graphrag.indexes import create_vector_index
        from neo4j_graphrag.retrievers import VectorRetriever
        from neo4j_graphrag.types import RetrieverResultItem

        self._place = place
        self._driver = driver_of(place)
        self._embedder: Any = SentenceTransformerEmbeddings(model_folder(), device="cpu")
        # The package writes Cypher 25, which this server reads only where it is told to.
        self._driver.execute_query("ALTER DATABASE neo4j SET DEFAULT LANGUAGE CYPHER 25", database_="system")
        self._driver.execute_query("CREATE INDEX said_by FOR (n:Said) ON (n.person)")
        create_vector_index(
            self._driver, INDEX, label="Said", embedding_property="embedding", dimensions=DIMENSION,
            similarity_fn="cosine", filterable_properties=["person"],
        )  # fmt: skip
        self._driver.execute_query("CALL db.awaitIndexes(60)")
        self._retriever: Any = VectorRetriever(
            self._driver, INDEX, self._embedder, return_properties=["text"],
            result_formatter=lambda record: RetrieverResultItem(content=record["node"]["text"]),
        )  # fmt: skip
        filterable = self._retriever._filterable_properties
        self._filter = (
            "inside the vector index" if filterable else "exact, by a range index (the package sees no filter)"
        )
        self.embed("ready")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "nodes by Cypher, vectors in batches by upsert_vectors; no language model",
            "retrieve": f"VectorRetriever with a filter by person; {self._filter}",
            "store": "Neo4j",
            "vectors": f"{SETTING}; texts encoded in batches",
        }

    def embed(self, text: str) -> None:
        self._embedder.embed_query(text)

    def add(self, items: Sequence[Item]) -> None:
        from neo4j_graphrag.indexes import upsert_vectors

        vectors = self._embedder.model.encode([item.text for item in items], show_progress_bar=False).tolist()
        records, _, _ = self._driver.execute_query(
            "UNWIND $rows AS row CREATE (n:Said {person: row.person, text: row.text}) RETURN elementId(n) AS id",
            {"rows": [{"person": item.person, "text": item.text} for item in items]},
        )
        upsert_vectors(self._driver, [record["id"] for record in records], "embedding", vectors)

    def finish(self) -> None:
        self._driver.execute_query("CALL db.awaitIndexes(600)")

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        return self._search(question, {"person": person}, k)

    def add_probe(self, probe: Probe) -> None:
        self.add(probe.items)
        self.finish()

    def borrow(self, probe: Probe) -> Tried:
        found = self._search(probe.question, {"person": {"$in": [probe.alike, probe.stranger]}}, 10)
        first = found[0] if found else ""
        return Tried(first == probe.said_by_alike, f"a search over both returned first: {first}")

    def why(self, probe: Probe) -> Tried:
        from neo4j_graphrag.experimental.pipeline.kg_builder import SimpleKGPipeline
        from neo4j_graphrag.llm import OpenAILLM

        model = OpenAILLM("scripted", base_url=self._place.language_url, api_key="none")
        pipeline = SimpleKGPipeline(
            model, self._driver, self._embedder, from_file=False, schema="FREE", on_error="RAISE"
        )
        asyncio.run(pipeline.run_async(text=probe.message))
        records, _, _ = self._driver.execute_query(
            "MATCH (entity)-[:FROM_CHUNK]->(chunk) WHERE chunk.text = $text RETURN entity.name AS name LIMIT 1",
            {"text": probe.message},
        )
        return Tried(bool(records), "the pipeline's entity leads to the chunk of text" if records else "no entity")

    def erase(self, probe: Probe) -> Tried:
        from neo4j_graphrag import indexes, retrievers

        offered = [
            name for module in (indexes, retrievers) for name in dir(module) if "delete" in name or "remove" in name
        ]
        return Tried(False, f"calls that remove {probe.stranger}: {', '.join(offered) or 'none'}; own Cypher does")

    def close(self) -> None:
        self._driver.close()

    def _search(self, question: str, filters: Mapping[str, object], k: int) -> list[str]:
        found = self._retriever.search(query_text=question, top_k=k, filters=dict(filters))
        return [item.content for item in found.items]
