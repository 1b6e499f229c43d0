"""What Java made of the server's classes at an earlier start, kept beside the jars: a start takes half the work.

Java calls it an AOT cache. It fits one Java, its options and one set of jars, whatever the size of the heap, and a file
is named by them. One that does not fit is ignored by Java itself, which then loads the classes as without.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from persona_db.graph.models import Model
from persona_db.graph.settings import Settings

from .java import Java, jvm_options

__all__ = [
    "OLDEST_CACHING_JAVA",
    "can_cache",
    "forget",
    "is_given_up",
    "is_there",
    "keep",
    "note_failure",
    "start_cache_file",
    "with_start_cache",
]

log = logging.getLogger(__name__)

OLDEST_CACHING_JAVA = 25
"""Earlier ones keep less, and are told otherwise."""
SUFFIX = ".aot"


class _Note(Model):
    """What is written down beside a start cache."""

    size: int = Field(default=0, description="Bytes.")
    sha256: str = Field(default="", description="Java does not look whether the bytes are those it wrote.")
    failed: str = Field(default="", description="Why none could be made; then it is not tried again.")


def can_cache(settings: Settings, java: Java) -> bool:
    """Tell whether *java* can have a start cache, and the settings let it."""
    return settings.start_cache and java.major >= OLDEST_CACHING_JAVA


def start_cache_file(java: Java, jars: Sequence[Path]) -> Path:
    """Return the file of the start cache that fits *java*, its options and *jars*, beside them, there or not."""
    options = [option for option in jvm_options(java.major, heap_mb=512) if not option.startswith(("-Xms", "-Xmx"))]
    stamps = [(jar.name, status.st_size, status.st_mtime_ns) for jar in jars for status in [jar.stat()]]
    fits = hashlib.sha256(repr((java.build, options, stamps)).encode()).hexdigest()
    return jars[0].parent / f"start-{fits[:16]}{SUFFIX}"


def with_start_cache(java: Java, jars: Sequence[Path], *, settings: Settings, suspect: bool = False) -> Java:
    """Return *java* with the start cache that fits, where there is one; with *suspect* its bytes are compared."""
    if not can_cache(settings, java):
        return java
    file = start_cache_file(java, jars)
    if not is_there(file):
        return java
    if suspect and _sum(file) != _note(file).sha256:
        log.info("the start cache %s was damaged, and is made anew", file)
        _remove(file)
        return java
    return java.model_copy(update={"start_cache": file})


def is_there(file: Path) -> bool:
    """Tell whether the start cache was kept whole."""
    try:
        return file.stat().st_size == _note(file).size
    except OSError:
        return False


def is_given_up(file: Path) -> bool:
    """Tell whether this start cache could not be made before, and why is written down."""
    return bool(_note(file).failed)


def keep(made: Path, file: Path) -> None:
    """Move the start cache that was *made*, on the same disk, to its *file*, with its sum; others beside it go."""
    note = _Note(size=made.stat().st_size, sha256=_sum(made))
    with made.open("rb") as stream:
        os.fsync(stream.fileno())
    for other in file.parent.glob(f"start-*{SUFFIX}"):
        _remove(other)
    _write(file, note)
    made.replace(file)


def note_failure(file: Path, reason: str) -> None:
    """Write down why this start cache could not be made."""
    _write(file, _Note(failed=reason or "Java made none, and did not say why"))


def forget(file: Path) -> None:
    """Remove a start cache with which no server starts, and write down that none is made again."""
    _remove(file)
    note_failure(file, "a server ended while it started with it, and started without")


def _note(file: Path) -> _Note:
    try:
        return _Note.model_validate_json(file.with_suffix(".json").read_bytes())
    except (OSError, ValidationError):
        return _Note()


def _write(file: Path, note: _Note) -> None:
    temporary = file.with_suffix(".json.part")
    temporary.write_text(note.model_dump_json(), encoding="utf-8")
    temporary.replace(file.with_suffix(".json"))


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove(file: Path) -> None:
    """Remove a start cache and what is written down of it, where that can be done: a server may read it."""
    for one in (file.with_suffix(".json"), file):
        try:
            one.unlink(missing_ok=True)
        except OSError as exc:
            log.debug("%s stays: %s", one, exc)
