"""The control of the JOIN: random people and keys replace those that share something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.engine import Engine, Predicted
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.results import Context
from persona_db.chains.retrieval.join import Match, join_many
from persona_db.chains.retrieval.own_items import Own, read_own_items
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import BorrowFrom, RecallSettings, Sources, recall_many
from persona_db.evals.answers import AnswerMatrix
from persona_db.graph.models import Sharing
from persona_db.graph.progress import Progress, no_progress

__all__ = ["drawn_alike", "first_alike", "predict_at_random", "random_contexts"]

_PAIRS_AT_ONCE = 5_000


def predict_at_random(
    snapshot: Snapshot,
    pairs: Sequence[tuple[str, str]],
    *,
    engine: Engine,
    settings: RecallSettings,
    answers: AnswerMatrix,
    seed: int,
    progress: Progress = no_progress,
) -> list[Predicted]:
    """Predict (user, question id) pairs, in their order, with borrowed items of random people; the seed draws them.

    The engine predicts as it does after a JOIN: it takes the random people and keys for fitting ones.
    """
    made: dict[int, Predicted] = {}
    with one_thread():
        for indices, correlations, contexts in random_contexts(
            snapshot, pairs, settings=settings, answers=answers, seed=seed, texts=engine.reads_texts,
            at_once=engine.contexts_at_once,
        ):  # fmt: skip
            made.update(zip(indices, engine.predict(correlations, contexts, explain=False), strict=True))
            progress("predicting", len(made), len(pairs))
    return [made[index] for index in range(len(pairs))]


def random_contexts(
    snapshot: Snapshot,
    pairs: Sequence[tuple[str, str]],
    *,
    settings: RecallSettings,
    answers: AnswerMatrix,
    seed: int,
    texts: bool,
    at_once: int = _PAIRS_AT_ONCE,
) -> Iterator[tuple[list[int], CorrelationModel, list[Context]]]:
    """Yield the indices of some pairs, the correlations of their questions, and a context for each of these pairs.

    For each pair, every collaborator of the JOIN is replaced by a random user who answered the question if they did,
    and did not if they did not, with the score of the one replaced; and the user's keys by random other ones, as many
    as have a summary on the question. What is drawn does not depend on the other pairs.
    """
    if not pairs:
        return
    asked, correlations = prepare(snapshot, pairs)
    sources = Sources.of(correlations)
    draw = _Draw(correlations, answers, seed)
    order = sorted(range(len(pairs)), key=lambda index: pairs[index])
    for start in range(0, len(order), at_once):
        indices = order[start : start + at_once]
        users = list(dict.fromkeys(pairs[index][0] for index in indices))
        matched = join_many(snapshot, users, top_k=settings.top_k, sharing=Sharing.INDUCED) if settings.top_k else {}
        own = read_own_items(correlations, users, frozenset())
        contexts = recall_many(
            correlations,
            [asked[index] for index in indices],
            settings=settings,
            texts=texts,
            sources=sources,
            borrow_from=[
                BorrowFrom(
                    draw.collaborators(*pairs[index], matched.get(pairs[index][0], ())),
                    draw.keys(*pairs[index], own[pairs[index][0]]),
                )
                for index in indices
            ],
        )
        yield indices, correlations, contexts


def drawn_alike(
    matched: Sequence[int], known: NDArray[np.bool_], *, without: int, rng: np.random.Generator
) -> list[int]:
    """Return for each index of *matched* a random index with the same value in *known*, none twice.

    The index *without* is never drawn. There are enough indices as long as *matched* does not hold it.
    """
    return first_alike(matched, known, without=without, order=rng.permutation(len(known)))


def first_alike(
    matched: Sequence[int], known: NDArray[np.bool_], *, without: int, order: NDArray[np.intp]
) -> list[int]:
    """Return the same as `drawn_alike`, taking indices as they stand in *order*, which holds each once."""
    lots = order[order != without]
    pools = {true: iter(lots[known[lots] == true].tolist()) for true in (True, False)}
    return [next(pools[bool(known[index])]) for index in matched]


class _Draw:
    """Draws users and keys; the same for the same seed, user and question."""

    def __init__(self, correlations: CorrelationModel, answers: AnswerMatrix, seed: int) -> None:
        self._answers = answers
        self._seed = seed
        self._row = {user: row for row, user in enumerate(answers.users)}
        self._column = {question: column for column, question in enumerate(answers.questions)}
        least = correlations.snapshot.settings.min_holders
        self._summarised: dict[str, list[str]] = {}
        for (key, question), counts in sorted(correlations.counts.items()):
            if sum(counts) >= least:
                self._summarised.setdefault(question, []).append(key)

    def collaborators(self, user: str, question: str, matched: Sequence[Match]) -> list[Match]:
        """Return *matched* with other users, nobody twice and never *user*."""
        column = self._column.get(question)
        known = np.zeros(len(self._row), bool) if column is None else self._answers.answers[:, column] >= 0
        indices = drawn_alike(
            [self._row[match.user] for match in matched],
            known,
            without=self._row[user],
            rng=self._rng("users", user, question),
        )
        return [match._replace(user=self._answers.users[index]) for match, index in zip(matched, indices, strict=True)]

    def keys(self, user: str, question: str, own: Own) -> list[str]:
        """Return as many other keys with a summary on the question as *own* has, or all there are."""
        summarised = self._summarised.get(question, [])
        held = set(own.held)
        others = [key for key in summarised if key not in held]
        wanted = len(summarised) - len(others)
        drawn = self._rng("keys", user, question).permutation(len(others))[:wanted]
        return sorted(others[index] for index in drawn)

    def _rng(self, what: str, user: str, question: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, crc32(f"{what}\n{user}\n{question}".encode())])
