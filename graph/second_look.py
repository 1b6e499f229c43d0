"""What is still to be found of somebody who was erased: in the graph, in the caches, and in the files of the home."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

__all__ = ["files_to_search", "holding", "searchable"]

SHORTEST = 6
"""Shorter words are found everywhere, and tell nothing."""
_CHUNK = 1 << 24
_STORES = ("data", "data-before", "data-to-come")
_UNSAID = ("vectors.sqlite3", "neo4j-")
"""Files of the cache folder that hold no word of anybody: vectors by hashes, and Neo4j's jars."""


def searchable(words: Iterable[str]) -> list[str]:
    """Return the words that are long enough to tell something, each once, longest first."""
    return sorted({word for word in words if len(word) >= SHORTEST}, key=lambda word: (-len(word), word))


def files_to_search(data: Path | None, cache: Path, *, store: bool) -> Iterator[Path]:
    """Yield the files of a data folder and a cache folder that may hold a word; with *store* Neo4j's own, too."""
    for folder in {one.resolve() for one in (data, cache) if one is not None and one.is_dir()}:
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder).parts
            if folder == cache.resolve() and inside[0].startswith(_UNSAID):
                continue
            if not store and data is not None and folder == data.resolve() and inside[0] in _STORES:
                continue
            if file.is_file() and not file.is_symlink():
                yield file


def holding(files: Iterable[Path], words: Sequence[str]) -> list[Path]:
    """Return those of *files* that have one of *words*, as UTF-8 or escaped as in JSON; gzip is unpacked."""
    forms = {form.encode() for word in words for form in (word, json.dumps(word)[1:-1])}
    return [file for file in files if forms and _has(file, forms)]


def _has(file: Path, forms: set[bytes]) -> bool:
    try:
        with file.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            return _found(gzip.open(stream) if packed else stream, forms)
    except (OSError, EOFError, zlib.error):  # gone meanwhile, or no gzip after all
        return False


def _found(stream: BinaryIO | gzip.GzipFile, forms: set[bytes]) -> bool:
    longest = max(map(len, forms))
    before = b""
    while chunk := stream.read(_CHUNK):
        piece = before + chunk
        if any(form in piece for form in forms):
            return True
        before = piece[-longest:]
    return False
