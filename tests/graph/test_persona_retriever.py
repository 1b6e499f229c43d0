"""PersonaRetriever is a LangChain retriever like any other, on a real graph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from persona_db.chains import PersonaRetriever, RecallSettings, recall
from persona_db.chains.refinement.refine import refine
from persona_db.chains.retrieval.item_texts import marked
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from tests.synthetic import make_world, store


@pytest.fixture(scope="module")
def world_dataset(graph: Graph) -> Iterator[str]:
    """Forty people, refined."""
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, make_world())
    refine(graph, dataset, embedder=HashEmbedder())
    yield dataset
    drop_dataset(graph, dataset)


class TestPersonaRetriever(RetrieversIntegrationTests):
    """LangChain's own tests of a retriever."""

    @pytest.fixture(autouse=True)
    def _given(self, graph: Graph, world_dataset: str) -> None:
        self._params = {"graph": graph, "dataset": world_dataset, "user": "u01", "embedder": HashEmbedder()}

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PersonaRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return self._params

    @property
    def retriever_query_example(self) -> str:
        return "q04"


def test_documents_are_what_recall_finds(graph: Graph, world_dataset: str) -> None:
    """Ids, texts with whose they are, and order are those of recall, and async gives the same."""
    retriever = PersonaRetriever(graph=graph, dataset=world_dataset, user="u01", k=12)
    context = recall(graph, "u01", "q04", dataset=world_dataset, settings=RecallSettings(size=12))
    documents = retriever.invoke("q04")
    assert [(one.id, one.page_content) for one in documents] == [(one.id, marked(one)) for one in context.items]
    assert asyncio.run(retriever.ainvoke("q04")) == documents
