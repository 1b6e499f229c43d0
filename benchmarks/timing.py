"""How long one call takes, over many."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

import numpy as np
from pydantic import Field

from persona_db.graph.models import Model

__all__ = ["Latency", "timed"]

T = TypeVar("T")


class Latency(Model):
    """Milliseconds a call, one after another."""

    calls: int
    median_ms: float
    p95_ms: float
    most_ms: float = Field(description="The slowest call.")


def timed(
    call: Callable[[str], T], users: Sequence[str], *, warm_up: Sequence[str] = (), seconds: float = float("inf")
) -> tuple[Latency, dict[str, T]]:
    """Call for each of *users*, after *warm_up*; return how long calls took and what they returned.

    Ends early when *seconds* are over and ten were called: not all systems bear all sizes.
    """
    for user in warm_up:
        call(user)
    gc.collect()
    taken: list[float] = []
    returned: dict[str, T] = {}
    began = perf_counter()
    for user in users:
        start = perf_counter()
        returned[user] = call(user)
        taken.append(perf_counter() - start)
        if perf_counter() - began > seconds and len(taken) >= 10:
            break
    milliseconds = np.array(taken) * 1e3
    latency = Latency(
        calls=len(taken),
        median_ms=round(float(np.median(milliseconds)), 2),
        p95_ms=round(float(np.percentile(milliseconds, 95)), 2),
        most_ms=round(float(milliseconds.max()), 2),
    )
    return latency, returned
