"""LangMem: its search tool over a LangGraph store, in memory as in its documentation, or on SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rivals.rival import Place, Tried
from benchmarks.rivals.systems.sentences import DIMENSION, SETTING, encode
from benchmarks.rivals.task import Item, Probe

__all__ = ["LangMem", "LangMemOnSqlite"]


class LangMem:
    """Texts are put as `manage_memory` puts them, many at once; retrieved by `search_memory`."""

    at_once = 1_000
    kept_in = "InMemoryStore (nothing is kept on disk)"

    def __init__(self, place: Place) -> None:
        from langmem import create_search_memory_tool

        self._place = place
        self._store: Any = self._open()
        self._tool: Any = create_search_memory_tool(("memories", "{person}"), store=self._store)
        self._next = 0
        self.embed("ready")

    def _open(self) -> Any:
        from langgraph.store.memory import InMemoryStore

        index: Any = {"dims": DIMENSION, "embed": encode, "fields": ["content"]}
        return InMemoryStore(index=index)

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "write": "BaseStore.batch of puts, as manage_memory puts one; no language model",
            "retrieve": "create_search_memory_tool, namespace of the person",
            "store": self.kept_in,
            "vectors": SETTING,
        }

    def embed(self, text: str) -> None:
        encode([text])

    def add(self, items: Sequence[Item]) -> None:
        from langgraph.store.base import PutOp

        puts = []
        for item in items:
            self._next += 1
            puts.append(PutOp(("memories", item.person), f"m{self._next}", {"content": item.text}))
        self._store.batch(puts)

    def finish(self) -> None:
        """Nothing is left to do."""

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        told = self._tool.invoke({"query": question, "limit": k}, config={"configurable": {"person": person}})
        return [one["value"]["content"] for one in json.loads(told)]

    def add_probe(self, probe: Probe) -> None:
        self.add(probe.items)

    def borrow(self, probe: Probe) -> Tried:
        found = [one for one in self._store.search(("memories",), query=probe.question, limit=100)]
        said = [one.value["content"] for one in found if one.namespace[-1] in (probe.alike, probe.stranger)]
        first = said[0] if said else ""
        return Tried(first == probe.said_by_alike, f"a search over everybody returned first of the two: {first}")

    def why(self, probe: Probe) -> Tried:
        from langchain_openai import ChatOpenAI
        from langmem import create_memory_store_manager

        model: Any = ChatOpenAI(model="scripted", base_url=self._place.language_url, api_key="none")
        manager: Any = create_memory_store_manager(model, namespace=("memories", "{person}"), store=self._store)
        manager.invoke(
            {"messages": [{"role": "user", "content": probe.message}]},
            config={"configurable": {"person": "somebody"}},
        )
        made = self._store.search(("memories", "somebody"))
        if not made:
            return Tried(False, "the memory manager made nothing of the message")
        works = probe.message in str(made[0].dict())
        return Tried(works, f"of a fact that the model made, the store returns {', '.join(sorted(made[0].dict()))}")

    def erase(self, probe: Probe) -> Tried:
        namespace = ("memories", probe.stranger)
        removed = 0
        while found := self._store.search(namespace, limit=100):
            for one in found:
                self._store.delete(namespace, one.key)
                removed += 1
        return Tried(True, f"a call an item ({removed}), after a search for them; none for a person")

    def close(self) -> None:
        """Nothing was started."""


class LangMemOnSqlite(LangMem):
    """The same with a store that keeps what it is given."""

    kept_in = "SqliteStore, a file"

    def _open(self) -> Any:
        import sqlite3

        from langgraph.store.sqlite import SqliteStore

        connection = sqlite3.connect(
            self._place.folder / "memories.sqlite3", check_same_thread=False, isolation_level=None
        )
        store = SqliteStore(connection, index={"dims": DIMENSION, "embed": encode, "fields": ["content"]})
        store.setup()
        return store
