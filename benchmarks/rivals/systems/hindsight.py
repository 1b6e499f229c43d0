"""Hindsight: a bank for each person, texts retained without a language model, on its embedded PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.sentences import SETTING, model_folder
from benchmarks.rivals.task import Item, Probe

__all__ = ["Hindsight"]

T = TypeVar("T")


class Hindsight:
    """Texts are stored as they are (`llm_provider=none`); recalled by meaning, words, links and time, then RRF."""

    at_once = 100

    def __init__(self, place: Place) -> None:
        os.environ |= {
            "HINDSIGHT_API_LLM_PROVIDER": "none",
            "HINDSIGHT_API_EMBEDDINGS_PROVIDER": "local",
            "HINDSIGHT_API_EMBEDDINGS_LOCAL_MODEL": model_folder(),
            "HINDSIGHT_API_EMBEDDINGS_LOCAL_FORCE_CPU": "true",
            "HINDSIGHT_API_RERANKER_PROVIDER": "rrf",
            "HINDSIGHT_API_DATABASE_URL": "pg0://rivals",
            "HOME": str(place.folder),
        }
        from hindsight_api.engine.memory_engine import MemoryEngine
        from hindsight_api.models import RequestContext

        self._loop = asyncio.new_event_loop()
        self._context = RequestContext()
        self._engine: Any = MemoryEngine(db_url="pg0://rivals", skip_llm_verification=True)
        self._wait(self._engine.initialize())
        self.embed("ready")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "retain_batch_async, 100 texts of a person at once; llm_provider=none",
            "retrieve": "recall_async in the person's bank",
            "store": "its embedded PostgreSQL with pgvector",
            "vectors": SETTING,
            "left out": "its cross-encoder, a model that is downloaded elsewhere than from PyPI; reranker=rrf",
        }

    def embed(self, text: str) -> None:
        self._engine.embeddings.encode([text])

    def add(self, items: Sequence[Item]) -> None:
        of_person: dict[str, list[dict[str, str]]] = {}
        for item in items:
            of_person.setdefault(item.person, []).append({"content": item.text})
        for person, contents in of_person.items():
            self._wait(
                self._engine.retain_batch_async(person, contents=contents, request_context=self._context)
            )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do."""

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        return [fact.text for fact in self._recall(person, question)][:k]

    def add_probe(self, probe: Probe) -> None:
        self.add(probe.items)

    def borrow(self, probe: Probe) -> Tried:
        found = [fact.text for fact in self._recall(probe.asked, probe.question)]
        works = probe.said_by_alike in found
        return Tried(works, "a recall takes one bank; that of the one asked about has nothing of others")

    def why(self, probe: Probe) -> Tried:
        [first, *_] = self._recall(probe.alike, probe.question, include_chunks=True)
        return Tried(first.document_id is not None, f"what is recalled names its document: {first.document_id}")

    def erase(self, probe: Probe) -> Tried:
        removed = self._wait(self._engine.delete_bank(probe.stranger, request_context=self._context))
        left = len(self._recall(probe.stranger, probe.question))
        return Tried(left == 0, f"delete_bank removed {removed}; {left} to be found")

    def close(self) -> None:
        self._wait(self._engine.close())

    def _recall(self, person: str, question: str, **more: object) -> list[Any]:
        found: list[Any] = self._wait(
            self._engine.recall_async(person, question, request_context=self._context, **more)
        ).results
        return found

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)
