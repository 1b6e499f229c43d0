"""A LangChain retriever over recall: the items that tell most about a question to a user, as Documents."""

from __future__ import annotations

import asyncio

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SkipValidation

from persona_db.chains.retrieval.item_texts import marked
from persona_db.chains.retrieval.recall import recall
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.graph.embedding import Embedder
from persona_db.graph.session import Graph

__all__ = ["PersonaRetriever"]


class PersonaRetriever(BaseRetriever):
    """Returns what recall finds for a query to one user, own items first; works with any chain that takes a retriever.

    The query is a topic, the id of a question of the dataset, or the text of a new question that is asked with
    *options*. The content of a Document says whose it is. Its metadata: id, source, layer, score, user, question,
    option, key, at, the options that the question was asked with, and a note where nothing is near a topic.

    >>> retriever = PersonaRetriever(graph=graph, dataset="town", user="ada", k=6)
    >>> retriever.invoke("money for the school")[0].page_content
    'They said (2025-09-01): Against a loan for the school'
    """

    graph: SkipValidation[Graph]
    dataset: str
    user: str
    options: tuple[str, ...] = Field(default=(), description="With them a text is a new question, not a topic.")
    k: int = Field(default=40, ge=1, description="Most documents (retrieval size r).")
    ratio: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share for borrowed items (composition ratio x); None as in RecallSettings.",
    )
    as_of: str | None = None
    embedder: SkipValidation[Embedder | None] = Field(
        default=None, description="For new questions; that of the graph's settings unless given."
    )

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  LangChain passes it
        k: int | None = None,
    ) -> list[Document]:
        known = self.graph.read("find_questions", dataset=self.dataset, ids=[query])
        context = recall(
            self.graph,
            self.user,
            query,
            dataset=self.dataset,
            options=() if known and known[0]["options"] else self.options,
            settings=RecallSettings(size=k or self.k, ratio=self.ratio),
            as_of=self.as_of,
            embedder=self.embedder,
        )
        return [
            Document(
                id=item.id,
                page_content=marked(item),
                metadata={
                    **item.model_dump(exclude={"text", "counts", "value"}),
                    "options": list(context.question.options),
                    "note": context.note,
                },
            )
            for item in context.items
        ]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return await asyncio.to_thread(self._get_relevant_documents, query, run_manager=run_manager.get_sync(), k=k)
