"""Reads a text file line by line, gzip or plain, with a limit on the length of a line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from persona_db.graph.errors import LoadError

__all__ = ["MAX_LINE", "Line", "check_file", "numbered_lines", "open_bytes", "refusing"]

MAX_LINE = 1_048_576
"""Bytes of a line that are read; a longer line is a bad row, skipped without holding it in memory."""

_BLOCK = 1 << 16
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Line(NamedTuple):
    """A line with its number in the file, from 1; `problem` says why `text` is empty."""

    number: int
    text: str
    problem: str


def open_bytes(path: Path, *, name: str = "") -> BinaryIO:
    """Open *path* for reading, unpacked when it is gzip; LoadError when it cannot be opened.

    *name*, here and below, names the file in messages; it is the path unless given.
    """
    with refusing(name or str(path)):
        file = path.open("rb")
        if file.peek(2)[:2] != _GZIP:
            return file
        file.close()
        return cast(BinaryIO, gzip.open(path, "rb"))


def check_file(path: Path, *, name: str = "") -> None:
    """Raise LoadError unless *path* is a complete file that is not empty and does not begin as UTF-16."""
    name = name or str(path)
    if path.is_dir():
        raise LoadError("is a folder; give a file", source=name)
    with open_bytes(path, name=name) as file, refusing(name):
        start = file.read(_BLOCK)
        if not start.strip(b" \t\r\n" + _UTF8_BOM):
            raise LoadError("the file is empty", source=name)
        if encoding := _OTHER_ENCODINGS.get(start[:2]):
            raise LoadError(f"the file is {encoding}; save it as UTF-8", source=name)
        if isinstance(file, gzip.GzipFile):
            while file.read(_BLOCK):  # a gzip file shows only at its end that it was cut off
                pass


def numbered_lines(path: Path, *, name: str = "") -> Iterator[Line]:
    """Yield the lines of *path* with their ends; one that is too long, not UTF-8 or holds NUL has a problem."""
    name = name or str(path)
    with open_bytes(path, name=name) as file, refusing(name):
        number = 0
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if number == 1 and raw.startswith(_UTF8_BOM):
                raw = raw[len(_UTF8_BOM) :]
            if len(raw) > MAX_LINE:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(_BLOCK)
                yield Line(number, "", "the line is longer than 1 MB")
                continue
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                yield Line(number, "", f"not UTF-8 (byte {error.start + 1} of the line)")
                continue
            yield Line(number, text, "holds a NUL character" if "\0" in text else "")


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn a failing read of the file called *name* into a LoadError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise LoadError(_why(error), source=name) from error


def _why(error: OSError | EOFError | zlib.error) -> str:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"the gzip file is damaged or cut off ({error})"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return (isinstance(error, OSError) and error.strerror) or str(error)
