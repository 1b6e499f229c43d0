"""mem0 by its open package: `Memory` on Qdrant in the process, which is its default store."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.sentences import DIMENSION, SETTING, model_folder
from benchmarks.rivals.task import Item, Probe

__all__ = ["Mem0", "Mem0Inferred"]


class Mem0:
    """Texts are added with `infer=False`, mem0's own way without a language model; there is no call for many."""

    at_once = 500

    def __init__(self, place: Place) -> None:
        os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(place.folder / "mem0")}
        from mem0 import Memory

        self._memory: Any = Memory.from_config(
            {
                "vector_store": {
                    "provider": "qdrant",
                    "config": {
                        "path": str(place.folder / "qdrant"),
                        "embedding_model_dims": DIMENSION,
                        "on_disk": True,
                    },
                },
                "embedder": {
                    "provider": "huggingface",
                    "config": {"model": model_folder(), "embedding_dims": DIMENSION, "model_kwargs": {"device": "cpu"}},
                },
                "llm": {
                    "provider": "openai",
                    "config": {"model": "scripted", "api_key": "none", "openai_base_url": place.language_url},
                },
                "history_db_path": str(place.folder / "history.db"),
            }
        )
        self._ids: dict[str, str] = {}
        self.embed("ready")

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "Memory.add(infer=False), a call a text; no language model",
            "retrieve": "Memory.search with the person's user_id",
            "store": "Qdrant in the process, on disk (mem0's default)",
            "vectors": SETTING,
            "left out": "BM25 and spaCy (extras): their models are downloaded elsewhere than from PyPI",
        }

    def embed(self, text: str) -> None:
        self._memory.embedding_model.embed(text, "search")

    def add(self, items: Sequence[Item]) -> None:
        for item in items:
            [made] = self._memory.add(item.text, user_id=item.person, infer=False)["results"]
            self._ids[item.text] = made["id"]

    def finish(self) -> None:
        """Nothing is left to do."""

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        return [one["memory"] for one in self._search(question, {"user_id": person}, k)]

    def add_probe(self, probe: Probe) -> None:
        # A search takes one user_id; an agent_id that all have is how it can be over several people.
        for item in probe.items:
            [made] = self._memory.add(item.text, user_id=item.person, agent_id="probe", infer=False)["results"]
            self._ids[item.text] = made["id"]

    def borrow(self, probe: Probe) -> Tried:
        found = self._search(probe.question, {"agent_id": "probe"}, 10)
        first = found[0]["memory"] if found else ""
        return Tried(first == probe.said_by_alike, f"a search by an agent_id that all have returned first: {first}")

    def why(self, probe: Probe) -> Tried:
        [made, *_] = self._memory.add(probe.message, user_id="somebody", infer=True)["results"]
        told = [self._memory.get(made["id"]), *self._memory.history(made["id"])]
        works = any(probe.message in str(one) for one in told)
        return Tried(works, f"of a fact that the model made ({made['memory']!r}) get and history return no message")

    def erase(self, probe: Probe) -> Tried:
        self._memory.delete_all(user_id=probe.stranger)
        left = len(self._search(probe.question, {"user_id": probe.stranger}, 10))
        history = self._memory.history(self._ids[probe.said_by_stranger])
        kept = sum(probe.said_by_stranger in str(one) for one in history)
        return Tried(
            left == kept == 0,
            f"delete_all(user_id) leaves {left} to be found, and {kept} rows of history with the text",
        )

    def close(self) -> None:
        self._memory.close()

    def _search(self, question: str, filters: Mapping[str, object], k: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._memory.search(question, top_k=k, filters=dict(filters))["results"]
        return found


class Mem0Inferred(Mem0):
    """The same with `infer=True`: a person's texts in one call, of which the scripted model returns each."""

    at_once = 100

    @property
    def settings(self) -> Mapping[str, str]:
        write = "Memory.add(infer=True), a call for 100 texts of a person; a scripted language model returns each"
        return {**super().settings, "write": write}

    def add(self, items: Sequence[Item]) -> None:
        of_person: dict[str, list[dict[str, str]]] = {}
        for item in items:
            of_person.setdefault(item.person, []).append({"role": "user", "content": item.text})
        for person, messages in of_person.items():
            made = self._memory.add(messages, user_id=person, infer=True)["results"]
            self._ids |= {one["memory"]: one["id"] for one in made}
