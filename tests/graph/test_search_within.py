"""Search finds what its dataset has, although another dataset has thousands of like texts that match better."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persona_db.graph.datasets import drop_dataset
from persona_db.graph.session import Graph

OTHERS = 1_500


@pytest.fixture
def crowded(graph: Graph, dataset: str) -> Iterator[str]:
    """A dataset with one of each, and another whose name is alike with thousands of each, in fewer words."""
    other = f"{dataset}-other"
    made = (
        "UNWIND range(1, $n) AS i "
        "CREATE (:User {dataset: $d, id: 'u' + i, name: $text, sharing: 'keys'}) "
        "CREATE (:Question {dataset: $d, id: 'q' + i, text: $text, options: ['no', 'yes'], label: ''}) "
        "CREATE (:CacheKey {dataset: $d, fit: 'f', id: 'k' + i, kind: 'topic', name: $text, n_holders: 1})"
    )
    for name, count, text in ((other, OTHERS, "zebra"), (dataset, 1, "one zebra among many other words of this town")):
        graph.driver.execute_query("CREATE (:Dataset {dataset: $d, current_fit: 'f'})", d=name)
        graph.driver.execute_query(made, d=name, n=count, text=text)
    graph.await_indexes()
    yield dataset
    drop_dataset(graph, other)


def test_what_is_there_is_found(graph: Graph, crowded: str) -> None:
    """It is the only one found: nothing of the other dataset is."""
    for query, column in (("find_people", "user"), ("find_asked", "question"), ("find_keys", "key")):
        rows = graph.read(query, dataset=crowded, words="zebra*", limit=20)
        assert [row[column] for row in rows] == [f"{column[0]}1"], query
