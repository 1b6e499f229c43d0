"""A backup of the embedded graph in one file, and the graph of such a file put back."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import Field

from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.room import MB, require_free
from persona_db.graph.settings import Settings

from .home import Home, free_ports
from .jars import install_jars
from .java import find_java
from .lifecycle import STOP_SECONDS, alone, ensure_running
from .lock import read_lock
from .memory import plan_memory
from .process import find_strays, run_admin, set_initial_password
from .start_cache import with_start_cache
from .starting import DATABASE, end_all

__all__ = ["Backup", "back_up", "restore"]

log = logging.getLogger(__name__)

DUMP = f"{DATABASE}.dump"
"""What neo4j-admin calls the dump of our database."""
MOST_SECONDS = 6 * 3600.0
UNPACKED = 8
"""Room asked for to check or load a dump, in sizes of its file: stores were 5 to 6 times as large."""


class Backup(Model):
    """A backup that was made or put back."""

    file: Path
    bytes: int = Field(description="Size of the file.")
    restarted: bool = Field(description="Neo4j was running and runs again.")


def back_up(settings: Settings, file: Path, *, progress: Progress = no_progress) -> Backup:
    """Write the whole graph into a new *file*, checked, that only its owner can read.

    Neo4j is stopped for it, and started again when it was running. ConfigError when the file exists, ServerError when
    the store cannot be dumped or the dump does not pass Neo4j's check; then no file is left.
    """
    _require_embedded(settings)
    if file.exists():
        raise ConfigError(f"{file} exists already; name another file, or remove it")
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {file.parent} to write the backup to; make it first")
    home = Home(settings.data_dir)
    if not home.initialised:
        raise ConfigError(f"there is no graph in {home.folder} to back up; `persona-db load` makes one")
    running = bool(find_strays(home))
    ensure_running(settings, progress=progress)  # what was not stopped in good order is recovered first
    with alone(home, progress=progress):
        progress("stopping Neo4j", 0, None)
        end_all(home, patience=STOP_SECONDS)
        require_free(file.parent, _size(home.folder / "data" / "databases" / DATABASE), f"the backup {file.name}")
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as made:
            admin = _admin(settings, home, progress=progress)
            progress("writing the backup", 0, None)
            admin(("database", "dump", DATABASE, f"--to-path={made}"), f"no backup was made of {home.folder}")
            dump = Path(made) / DUMP
            _check(admin, dump, progress=progress)
            dump.chmod(0o600)
            size = dump.stat().st_size
            dump.replace(file)
    if running:
        ensure_running(settings, progress=progress)
    return Backup(file=file, bytes=size, restarted=running)


def restore(settings: Settings, file: Path, *, progress: Progress = no_progress) -> Backup:
    """Put the graph of the backup *file* in the place of the one that is there; nothing of that one stays.

    The file is checked before anything is replaced. Neo4j is stopped for it, and started again when it was running.
    ConfigError when there is no such file, ServerError when it is no sound backup.
    """
    _require_embedded(settings)
    if not file.is_file():
        raise ConfigError(f"there is no file {file}; `persona-db backup FILE` makes one")
    home = Home(settings.data_dir)
    home.make()
    running = bool(find_strays(home))
    with alone(home, progress=progress):
        progress("stopping Neo4j", 0, None)
        end_all(home, patience=STOP_SECONDS)
        require_free(home.folder, UNPACKED * file.stat().st_size, f"the graph of {file.name}")
        admin = _admin(settings, home, progress=progress)
        with tempfile.TemporaryDirectory(dir=home.run) as folder:
            dump = Path(folder) / DUMP
            os.symlink(file.resolve(), dump)
            _check(admin, dump, progress=progress)
            progress("putting the backup back", 0, None)
            load = ("database", "load", DATABASE, f"--from-path={folder}", "--overwrite-destination=true")
            admin(load, f"{file} was not put back")
    if running:
        ensure_running(settings, progress=progress)
    return Backup(file=file, bytes=file.stat().st_size, restarted=running)


_Admin = Callable[[Sequence[str], str], None]


def _admin(settings: Settings, home: Home, *, progress: Progress) -> _Admin:
    """Return how neo4j-admin is run on *home*, which is given a configuration and a password if it has none."""
    lock, memory, java = read_lock(), plan_memory(settings), find_java()
    jars = install_jars(lock, settings.cache_dir / f"neo4j-{lock.neo4j}", progress=progress)
    java = with_start_cache(java, jars, settings=settings)
    home.make_password()
    if not home.initialised:
        bolt_port, http_port = free_ports(0, 0)
        home.write_configuration(bolt_port=bolt_port, http_port=http_port, memory=memory)
        set_initial_password(home, java=java, jars=jars)

    def run(arguments: Sequence[str], what: str) -> None:
        run_admin(home, arguments, java=java, jars=jars, heap_mb=memory.heap_mb, what=what, seconds=MOST_SECONDS)

    return run


def _check(admin: _Admin, dump: Path, *, progress: Progress) -> None:
    """Have Neo4j check a dump: it can be read, and its nodes, relationships and indexes agree."""
    require_free(dump.parent, UNPACKED * dump.stat().st_size, "checking the backup")
    progress("checking the backup", 0, None)
    folder = dump.parent / "check"
    folder.mkdir()
    try:
        arguments = ("database", "check", DATABASE, f"--from-path={dump.parent}", f"--temp-path={folder}")
        admin((*arguments, f"--report-path={folder}"), "the backup did not pass Neo4j's check")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_embedded(settings: Settings) -> None:
    if settings.neo4j_uri is not None:
        raise ConfigError("NEO4J_URI is set: back that server up with its own neo4j-admin, or unset it")


def _size(folder: Path) -> int:
    """Return the bytes of a folder's files, at least one megabyte."""
    return max(MB, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))
