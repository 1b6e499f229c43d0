"""How much room is left on the disk that holds the graph, looked at before work that needs some."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from persona_db.graph.errors import DiskFullError

__all__ = [
    "FIRST_START_MB",
    "MB",
    "START_MB",
    "WRITE_MB",
    "free_bytes",
    "full_disk",
    "is_full",
    "require_free",
]

MB = 2**20
WRITE_MB = 64
"""A write begins with no less: the transaction, its log and the indexes it changes find room."""
START_MB = 16
"""A server starts with no less: it writes its log, and what a recovery finds missing in the store."""
FIRST_START_MB = 64
"""An empty graph takes half of it: the first file of the transaction log of each of its two databases."""


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free for this user on the disk of *folder*, or of the nearest folder that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_free(folder: Path, needed: int, what: str) -> None:
    """Raise DiskFullError unless *needed* bytes are free where *folder* lies; *what* needs them."""
    free = free_bytes(folder)
    if free < needed:
        raise full_disk(folder, needed=needed, what=what)


def full_disk(folder: Path, *, needed: int, what: str) -> DiskFullError:
    """Return the error of a disk with too little room for *what*: how much is wanted, how much is there."""
    return DiskFullError(
        f"the disk of {folder} has {free_bytes(folder) / MB:.0f} MB free, and {what} needs {needed / MB:.0f} MB; "
        "make room there and run the same command again: what was stored is kept, and it goes on from there"
    )


def is_full(error: OSError) -> bool:
    """Tell whether *error* says that a disk, or a user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
