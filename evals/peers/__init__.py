"""Peers: other ways to predict the same tests, by their own libraries, from the same known answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells
from persona_db.evals.peers.boosted_groups import boosted_groups
from persona_db.evals.peers.implicit_als import implicit_als
from persona_db.evals.peers.item_links import item_links
from persona_db.evals.peers.marginal import majority, marginal
from persona_db.evals.peers.matrix_factorisation import matrix_factorisation
from persona_db.evals.peers.neighbour_vote import neighbour_vote
from persona_db.evals.peers.peer import Peer, PeerPrediction
from persona_db.graph.errors import ConfigError, LeakError

__all__ = ["PEERS", "AnswerMatrix", "Peer", "PeerPrediction", "predict_peer"]

PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "neighbour-vote": neighbour_vote,
        "matrix-factorisation": matrix_factorisation,
        "item-links": item_links,
        "implicit-als": implicit_als,
        "boosted-groups": boosted_groups,
        "marginal": marginal,
        "majority": majority,
    }
)


def predict_peer(name: str, answers: AnswerMatrix, tests: Cells, *, seed: int = 0) -> PeerPrediction:
    """Return the peer's distribution for each test (a row of user and question indices), and its chosen settings.

    Stops with LeakError if the answer to a test is among *answers*.
    """
    if name not in PEERS:
        raise ConfigError(f"no peer {name!r}; there are {', '.join(PEERS)}")
    known = answers.answers[tests[:, 0], tests[:, 1]] >= 0
    if bool(known.any()):
        user, question = tests[int(np.flatnonzero(known)[0])]
        raise LeakError(
            f"{int(known.sum())} answers to be predicted are among those known, the first of user "
            f"{answers.users[user]!r} to {answers.questions[question]!r}; load only the history part of the split"
        )
    from threadpoolctl import threadpool_limits

    # many small products: threads that wait for each other cost more than they bring, and change the last digits
    with threadpool_limits(limits=1):
        return PEERS[name](answers, tests, seed=seed)
