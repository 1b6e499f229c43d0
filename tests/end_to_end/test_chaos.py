"""A few kills at random moments, as `make chaos` does a hundred times: the graph ends as without them."""

from __future__ import annotations

import os

from benchmarks.chaos import rounds

KILLS = int(os.environ.get("CHAOS_KILLS", "2"))


def test_kills_change_nothing(start_cache: None) -> None:
    """Of the command or of Neo4j, in load, refine, as-of, erase or refit."""
    with rounds(seed=2) as made:
        made.undisturbed()
        number = 0
        while made.kills < KILLS:
            number += 1
            made.disturbed(number)
    assert made.differing == []
