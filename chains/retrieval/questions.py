"""What is asked: questions of the dataset by id, and new ones by text and options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from persona_db.chains.fit.correlations import CorrelationModel, load_correlations
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.fit.threads import one_thread
from persona_db.graph.errors import ConfigError, UnknownQuestionError
from persona_db.graph.ids import new_question_id
from persona_db.graph.models import Question
from persona_db.graph.users import question_of

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder

__all__ = ["new_question", "prepare"]


def new_question(text: str, options: Sequence[str]) -> Question:
    """Make a question of its text and ordered options; its id is a hash of both."""
    if len(options) < 2 or len(set(options)) < len(options):
        raise ConfigError("a new question needs two or more different options, in order: give each with --option")
    ordinal = tuple(float(place) for place in range(len(options)))
    return Question(id=new_question_id(text, options), text=text, options=tuple(options), ordinal=ordinal)


@one_thread()
def prepare(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, str]],
    *,
    options: Sequence[str] = (),
    embedder: Embedder | None = None,
) -> tuple[list[tuple[str, Question]], CorrelationModel]:
    """Return (user, Question) pairs and what is known of the questions, for (user, id or text) pairs.

    With *options* each second entry is the text of a new question; its place is found by meaning, with *embedder*
    (that of the graph's settings unless given; EmbeddingError when the dataset is embedded with another).
    Without, it is an id: UnknownQuestionError when there is none.
    """
    names = list(dict.fromkeys(question for _, question in asked))
    vectors = {}
    if options:
        from persona_db.graph.embedding import embedder_of, require_embedder

        found = {text: new_question(text, options) for text in names}
        if embedder is None:
            embedder = embedder_of(snapshot.graph.settings)
        require_embedder(snapshot.graph, snapshot.dataset, embedder)
        rows = embedder.embed(names)
        vectors = {found[text].id: np.asarray(row, dtype=np.float64) for text, row in zip(names, rows, strict=True)}
    else:
        found = {}
        for row in snapshot.graph.read("find_questions", dataset=snapshot.dataset, ids=names):
            found[row["id"]] = question_of(row)
            if row["vector"] is not None:
                vectors[row["id"]] = np.array(row["vector"], dtype=np.float64)
        for name in names:
            if name not in found or not found[name].options:
                raise UnknownQuestionError(name, dataset=snapshot.dataset)
    correlations = load_correlations(snapshot, list(found.values()), vectors=vectors)
    return [(user, found[question]) for user, question in asked], correlations
