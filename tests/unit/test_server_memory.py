"""The server takes a share of the machine's memory that leaves room for other work."""

from __future__ import annotations

import psutil
import pytest

from persona_db.graph.server.memory import machine_mb, plan_memory
from persona_db.graph.settings import Settings


@pytest.mark.parametrize(
    ("total", "heap", "page_cache"),
    [(2_000, 512, 256), (8_000, 666, 333), (24_576, 2048, 1024), (64_000, 4096, 2666), (512_000, 4096, 4096)],
)
def test_sizes_follow_the_machine(total: int, heap: int, page_cache: int) -> None:
    """Heap and page cache grow with the machine's memory between a lower and an upper bound."""
    plan = plan_memory(Settings(), total_mb=total)
    assert (plan.heap_mb, plan.page_cache_mb) == (heap, page_cache)


def test_settings_come_first() -> None:
    """A heap or a page cache given by a setting is used, each independently of the other."""
    plan = plan_memory(Settings(heap_mb=300), total_mb=24_576)
    assert (plan.heap_mb, plan.page_cache_mb) == (300, 1024)
    plan = plan_memory(Settings(page_cache_mb=300), total_mb=24_576)
    assert (plan.heap_mb, plan.page_cache_mb) == (2048, 300)


def test_transactions_leave_heap_for_the_server() -> None:
    """One takes less than all together, and all together less than the heap."""
    plan = plan_memory(Settings(heap_mb=1000), total_mb=24_576)
    assert (plan.transaction_mb, plan.transactions_mb) == (400, 700)


def test_the_machine_is_measured() -> None:
    """The memory measured is positive and at most the machine's."""
    assert 0 < machine_mb() <= psutil.virtual_memory().total // 2**20
