"""Graphiti: episodes in bulk with a scripted language model, a group for each person, hybrid search of facts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.kept import kept_in_neo4j
from benchmarks.rivals.systems.sentences import DIMENSION, SETTING, encode
from benchmarks.rivals.task import Item, Probe

__all__ = ["Graphiti"]

T = TypeVar("T")


class Graphiti:
    """Each text is an episode, of which the scripted model makes one fact that says the same."""

    at_once = 50

    def __init__(self, place: Place) -> None:
        os.environ |= {"GRAPHITI_TELEMETRY_ENABLED": "false", "EMBEDDING_DIM": str(DIMENSION)}
        import graphiti_core
        from graphiti_core.cross_encoder.openai_reranker_client import OpenAIRerankerClient
        from graphiti_core.embedder.client import EmbedderClient
        from graphiti_core.llm_client.config import LLMConfig
        from graphiti_core.llm_client.openai_generic_client import OpenAIGenericClient

        class Sentences(EmbedderClient):  # type: ignore[misc]  # the package isn't here when types are checked
            async def create(self, input_data: str | list[str] | Iterable[Any]) -> list[float]:
                texts = [input_data] if isinstance(input_data, str) else [str(one) for one in input_data]
                return encode(texts)[0]

            async def create_batch(self, input_data_list: list[str]) -> list[list[float]]:
                return encode(input_data_list)

        self._place = place
        self._loop = asyncio.new_event_loop()
        model = LLMConfig(api_key="none", base_url=place.language_url, model="scripted", small_model="scripted")
        self._graphiti: Any = graphiti_core.Graphiti(
            place.neo4j_uri, place.neo4j_user, place.neo4j_password,
            llm_client=OpenAIGenericClient(model), embedder=Sentences(), cross_encoder=OpenAIRerankerClient(model),
        )  # fmt: skip
        self._wait(self._graphiti.build_indices_and_constraints())
        self.embed("ready")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "add_episode_bulk, 50 texts of a person at once; a scripted language model returns each as a fact",
            "retrieve": "Graphiti.search (vectors and words, RRF) in the person's group_id",
            "store": "Neo4j",
            "vectors": SETTING,
        }

    def embed(self, text: str) -> None:
        encode([text])

    def add(self, items: Sequence[Item]) -> None:
        of_person: dict[str, list[str]] = {}
        for item in items:
            of_person.setdefault(item.person, []).append(item.text)
        for person, texts in of_person.items():
            self._add(person, texts)

    def finish(self) -> None:
        """Nothing is left to do."""

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        return [edge.fact for edge in self._search(question, [person], k)]

    def add_probe(self, probe: Probe) -> None:
        self.add(probe.items)

    def borrow(self, probe: Probe) -> Tried:
        found = [edge.fact for edge in self._search(probe.question, [probe.alike, probe.stranger], 10)]
        first = next((fact for fact in found if "quillwort" in fact), "")
        return Tried(first == probe.said_by_alike, f"a search over both groups returned first: {first}")

    def why(self, probe: Probe) -> Tried:
        from graphiti_core.nodes import EpisodicNode

        self._add("somebody", [probe.message])
        [edge, *_] = self._search("water plant", ["somebody"], 10)
        episodes = self._wait(EpisodicNode.get_by_uuids(self._graphiti.driver, edge.episodes))
        said = [episode.content for episode in episodes]
        works = probe.message in said
        return Tried(works, f"the fact {edge.fact!r} leads by its episodes to: {', '.join(said)}")

    def erase(self, probe: Probe) -> Tried:
        from graphiti_core.utils.maintenance.graph_data_operations import clear_data

        self._wait(clear_data(self._graphiti.driver, group_ids=[probe.stranger]))
        left = len(self._search(probe.question, [probe.stranger], 10))
        kept = kept_in_neo4j(self._place, probe.said_by_stranger)
        return Tried(
            left == kept == 0, f"clear_data(group_ids) leaves {left} to be found, {kept} nodes and edges with the text"
        )

    def close(self) -> None:
        self._wait(self._graphiti.close())

    def _add(self, person: str, texts: Sequence[str]) -> None:
        from graphiti_core.nodes import EpisodeType
        from graphiti_core.utils.bulk_utils import RawEpisode

        now = datetime.now(UTC)
        episodes = [
            RawEpisode(
                name="said", content=text, source=EpisodeType.text, source_description="what somebody said",
                reference_time=now,
            )
            for text in texts
        ]  # fmt: skip
        self._wait(self._graphiti.add_episode_bulk(episodes, group_id=person))

    def _search(self, question: str, people: Sequence[str], k: int) -> list[Any]:
        found: list[Any] = self._wait(self._graphiti.search(question, group_ids=list(people), num_results=k))
        return found

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)
