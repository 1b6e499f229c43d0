"""A small file system in a file, that a test fills and makes room on again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CannotMountError", "SmallDisk", "small_disk"]


class CannotMountError(Exception):
    """No file system can be mounted here, and why."""


class SmallDisk:
    """A mounted file system: *folder* lies on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Take every byte that is left."""
        with self._filler.open("ab", buffering=0) as filler:
            size = 2**20
            while size >= 512:
                try:
                    filler.write(bytes(size))
                except OSError:
                    size //= 2

    def make_room(self) -> None:
        """Give back what was taken."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mount an ext4 file system of that size below *folder*; CannotMountError says why it can't be done here."""
    image, mounted = folder / "disk.img", folder / "disk"
    mounted.mkdir()
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        raise CannotMountError("mounting a file system takes the rights of root, and mkfs.ext4")
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    _run("mkfs.ext4", "-q", "-m", "0", "-F", str(image))
    _run("mount", "-o", "loop", str(image), str(mounted))
    try:
        yield SmallDisk(mounted)
    finally:
        _run("umount", "--lazy", str(mounted))
        image.unlink()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMountError(f"{command[0]}: {done.stderr.strip()}")
