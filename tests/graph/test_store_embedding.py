"""Every statement and question of a dataset gets its vector, once, of one model; the index holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from persona_db.graph.catalog import catalog
from persona_db.graph.datasets import ensure_dataset, require_dataset
from persona_db.graph.embedding import (
    HashEmbedder,
    SentenceTransformerEmbedder,
    embed_missing,
    require_embedder,
)
from persona_db.graph.errors import EmbeddingError, UnknownDatasetError
from persona_db.graph.ingest import store_items, store_people, store_questions
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.graph.session import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = 1_300


class Named(HashEmbedder):
    """A hash embedder under another name, that counts, may fail late, and may give another length."""

    def __init__(self, name: str = "other", *, dimension: int = 384, fails_after: int | None = None) -> None:
        self.name = name
        self.dimension = dimension
        self.asked = 0
        self.fails_after = fails_after

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        if self.fails_after is not None and self.asked > self.fails_after:
            return super().embed(texts) * np.float32(0)
        return super().embed(texts)


@pytest.fixture
def said(graph: Graph, dataset: str) -> str:
    """A dataset with many texts and a question."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [Question(id="q", text="Why?")])
    store_people(graph, dataset, [Person(id="u")])
    store_items(graph, dataset, [HistoryItem(id=str(n), user="u", text=f"Text {n}.") for n in range(TEXTS)])
    return dataset


def embedded(graph: Graph, dataset: str) -> int:
    """How many nodes of the dataset have a vector."""
    records, _, _ = graph.driver.execute_query(
        "MATCH (n {dataset: $d}) WHERE n.embedding IS NOT NULL RETURN count(*) AS n",
        d=dataset,
        database_=graph.database,
    )
    return int(records[0]["n"])


def indexed(graph: Graph, dataset: str, index: str, label: str) -> int:
    """How many nodes of the dataset a search finds that asks for more than there are."""
    graph.await_indexes()
    vector = HashEmbedder().embed(["any"])[0].tolist()
    records, _, _ = graph.driver.execute_query(
        f"CYPHER 25 MATCH (n:{label}) "
        f"SEARCH n IN (VECTOR INDEX {index} FOR $vector WHERE n.dataset = $d LIMIT 10000) RETURN count(*) AS n",
        d=dataset,
        vector=vector,
        database_=graph.database,
    )
    return int(records[0]["n"])


def test_index_holds_every_vector_stored(graph: Graph, said: str) -> None:
    """The index holds as many vectors as there are embedded texts, and every text is embedded."""
    told: list[tuple[int, int | None]] = []
    done = embed_missing(graph, said, HashEmbedder(), progress=lambda what, n, total=None: told.append((n, total)))
    assert done == TEXTS + 1 == embedded(graph, said)
    assert told[-1] == (TEXTS + 1, TEXTS + 1)
    assert indexed(graph, said, "statement_embedding", "Statement") == TEXTS
    assert indexed(graph, said, "question_embedding", "Question") == 1


def test_stored_vector_is_that_of_the_text(graph: Graph, said: str) -> None:
    """Each text has its own vector, not its neighbour's."""
    embed_missing(graph, said, HashEmbedder())
    records, _, _ = graph.driver.execute_query(
        "MATCH (s:Statement {dataset: $d}) RETURN s.text AS text, s.embedding AS vector",
        d=said,
        database_=graph.database,
    )
    expected = HashEmbedder().embed([record["text"] for record in records])
    assert np.allclose([record["vector"] for record in records], expected, atol=1e-6)


def test_second_run_embeds_nothing(graph: Graph, said: str) -> None:
    """A second run embeds only texts that have no vector."""
    embed_missing(graph, said, Named())
    again = Named()
    assert embed_missing(graph, said, again) == 0
    store_items(graph, said, [HistoryItem(id="new", user="u", text="New."), HistoryItem(id="2", user="u", text="No.")])
    assert embed_missing(graph, said, again) == 1
    assert again.asked == 1


def test_failure_leaves_the_pages_before_it(graph: Graph, said: str) -> None:
    """A vector without direction is refused with its page; the next run embeds the rest."""
    with pytest.raises(EmbeddingError, match="length 0, not 1; nothing was stored"):
        embed_missing(graph, said, Named(fails_after=600))
    assert embedded(graph, said) == 500
    assert embed_missing(graph, said, Named()) == TEXTS + 1 - 500
    assert embedded(graph, said) == TEXTS + 1


def test_models_are_not_mixed(graph: Graph, said: str) -> None:
    """A dataset keeps the model it was first embedded with; the error says how to go on."""
    require_embedder(graph, said, Named())
    embed_missing(graph, said, HashEmbedder())
    assert require_dataset(graph, said).embedding_model == "hash-384"
    for refused in (embed_missing, require_embedder):
        with pytest.raises(EmbeddingError, match="PERSONA_DB_EMBEDDING_MODEL=hash,"):
            refused(graph, said, Named())
    require_embedder(graph, said, HashEmbedder())


def test_other_dimension_is_refused_before_anything_is_written(graph: Graph, said: str) -> None:
    """The indexes hold 384 numbers; the dataset isn't claimed by a model that can't fill them."""
    with pytest.raises(EmbeddingError, match="gives 768 numbers, the graph's indexes hold 384"):
        embed_missing(graph, said, Named(dimension=768))
    assert require_dataset(graph, said).embedding_model is None
    assert embedded(graph, said) == 0


def test_index_of_anothers_is_refused(graph: Graph, said: str) -> None:
    """A database may hold an index of our name that is not ours; vectors would be left out of it in silence."""

    def make(dimension: int) -> None:
        graph.driver.execute_query("DROP INDEX statement_embedding", database_=graph.database)
        text = catalog()["0016_statement_embedding"].text.replace("384", str(dimension))
        graph.driver.execute_query(text, database_=graph.database)

    make(12)
    try:
        with pytest.raises(EmbeddingError, match="vectors of 12 numbers, not of 384"):
            embed_missing(graph, said, HashEmbedder())
    finally:
        make(384)
    assert embed_missing(graph, said, HashEmbedder()) == TEXTS + 1


def test_unknown_dataset_is_told(graph: Graph, dataset: str) -> None:
    """There is nothing to embed in a dataset that isn't there."""
    with pytest.raises(UnknownDatasetError):
        embed_missing(graph, dataset, HashEmbedder())


def test_default_model_is_at_hand_and_knows_meaning(capfd: pytest.CaptureFixture[str]) -> None:
    """all-MiniLM-L6-v2 loads with no network, says nothing, and brings like meanings near."""
    rows = SentenceTransformerEmbedder().embed(["I distrust the press.", "Newspapers lie.", "I like apple pie."])
    assert rows.shape == (3, 384)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
    assert capfd.readouterr() == ("", "")


def test_unknown_model_is_told_with_a_remedy(tmp_path: Path) -> None:
    """The error for a folder that holds no model says what to do."""
    with pytest.raises(EmbeddingError, match="PERSONA_DB_EMBEDDING_MODEL"):
        SentenceTransformerEmbedder(str(tmp_path)).embed(["a"])
