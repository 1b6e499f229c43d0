"""How much memory the embedded server may take on this machine."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from persona_db.graph.models import Model
from persona_db.graph.settings import Settings

__all__ = ["MemoryPlan", "machine_mb", "plan_memory"]

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class MemoryPlan(Model):
    """Megabytes of the parts of the server's memory that can be set."""

    heap_mb: int = Field(gt=0)
    page_cache_mb: int = Field(gt=0)

    @property
    def transaction_mb(self) -> int:
        """Most that one transaction may take: two fifths of the heap."""
        return self.heap_mb * 2 // 5

    def larger(self) -> MemoryPlan:
        """Return the plan of twice the heap, half the machine's memory at most: a recovery found it too small."""
        return self.model_copy(update={"heap_mb": max(self.heap_mb, min(2 * self.heap_mb, machine_mb() // 2))})

    @property
    def transactions_mb(self) -> int:
        """Most that all transactions together may take: seven tenths of the heap."""
        return self.heap_mb * 7 // 10


def plan_memory(settings: Settings, *, total_mb: int | None = None) -> MemoryPlan:
    """Return the settings' sizes, or for those not set: heap a twelfth of *total_mb*, page cache half as much.

    Within 512 MB and 4 GB, and 256 MB and 4 GB: a laptop of 24 GB gives 2 GB and 1 GB.
    *total_mb* is the machine's memory when not given.
    """
    total = machine_mb() if total_mb is None else total_mb
    heap = settings.heap_mb or min(max(total // 12, 512), 4096)
    page_cache = settings.page_cache_mb or min(max(total // 24, 256), 4096)
    return MemoryPlan(heap_mb=heap, page_cache_mb=page_cache)


def machine_mb() -> int:
    """Return the memory this process can count on: the machine's, or its container's where that is less."""
    import psutil

    total = int(psutil.virtual_memory().total)
    for file in _CGROUP_LIMITS:
        try:
            total = min(total, int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such control group, or "max"
            continue
    return total // 2**20
