"""Reads one large JSON document entry by entry, so that memory holds one entry and not the document.

(ijson would read it too, but it replaces lone surrogates by `?`, refuses the document for a NaN in one entry, names no
place in its errors, and takes memory by the square of the depth: 1 GB for 20,000 brackets.)
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import BinaryIO, NamedTuple

from persona_db.graph.errors import LoadError
from persona_db.loaders.lines import check_file, open_bytes, refusing

__all__ = ["Entry", "entries"]

_BLOCK = 1 << 20
_MAX_ENTRY = 64 << 20
"""Most characters of one entry, such as a user with their history."""
_SPACE = " \t\r\n"


class Entry(NamedTuple):
    """An entry of the document's list, or of its object (then with its key); numbered from 1."""

    number: int
    key: str
    value: object


def entries(path: Path, *, kind: type[list[object]] | type[dict[str, object]]) -> Iterator[Entry]:
    """Yield the entries of the JSON document in *path*, which must be of that *kind*.

    LoadError when it is of another kind or is no JSON: for a bad first entry before anything is yielded, for a later
    one when it is reached.
    NaN and Infinity are read as numbers, so that the caller can refuse the one entry that has them.
    """
    check_file(path)
    with open_bytes(path) as file, refusing(str(path)):
        text = _Text(file, path)
        opening, closing = ("[", "]") if kind is list else ("{", "}")
        if text.next_mark() != opening:
            raise text.error(f"is no JSON {'list' if kind is list else 'object'}")
        text.take()
        number = 0
        while text.next_mark() != closing:
            if number:
                if text.next_mark() != ",":
                    raise text.error("a comma is missing")
                text.take()
            number += 1
            key = ""
            if kind is dict:
                found = text.value()
                if not isinstance(found, str) or text.next_mark() != ":":
                    raise text.error("a key is missing")
                key = found
                text.take()
            yield Entry(number, key, text.value())
        text.take()
        if text.next_mark():
            raise text.error("something follows the end of the document")


class _Text:
    """The unread part of the document's text, read in blocks as needed."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._text = ""
        self._place = 0
        self._passed = 0
        self._ended = False

    def next_mark(self) -> str:
        """Return the next character that is not white space, '' at the end, without taking it."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def take(self) -> None:
        """Take the character that `next_mark` returned."""
        self._place += 1

    def value(self) -> object:
        """Take and return the next JSON value."""
        self.next_mark()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._place)
            except JSONDecodeError as error:
                if self._more():
                    continue
                self._place = error.pos
                raise self.error(error.msg) from error
            except (RecursionError, ValueError) as error:
                raise self.error("nested too deeply or a number too long") from error
            if end == len(self._text) and self._more():
                continue  # a number may continue
            self._place = end
            return value

    def error(self, reason: str) -> LoadError:
        return LoadError(f"{reason}, at character {self._passed + self._place + 1}", source=str(self._path))

    def _more(self) -> bool:
        """Read as much again as is held; return False at the document's end, or when an entry is too long."""
        self._passed += self._place
        self._text = self._text[self._place :]
        self._place = 0
        if self._ended or len(self._text) > _MAX_ENTRY:
            return False
        block = self._file.read(max(_BLOCK, len(self._text)))
        self._ended = not block
        try:
            self._text += self._decoder.decode(block, final=self._ended)
        except UnicodeDecodeError as error:
            raise self.error("not UTF-8") from error
        return True
