"""CSV and TSV files in any encoding, with any of the usual separators."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from persona_db.graph.errors import LoadError
from persona_db.graph.models import QuarantinedRow
from persona_db.loaders.lines import MAX_LINE, open_bytes, refusing
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.tabular.headers import LOOKED_AT, Header, read_header
from persona_db.loaders.tabular.needed import needed
from persona_db.loaders.tabular.table_file import AT_ONCE, Batch, TableFile

__all__ = ["DelimitedFile", "Encoding", "encoding_of", "transposed"]

_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 1 << 20
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WESTERN = "cp1252"
_LOST = re.compile("[\udc80-\udcff]")
"""What stands for bytes that are no character."""


class Encoding(str):
    """The name of an encoding; `guessed` says that nothing in the file tells it."""

    guessed: bool = False


class DelimitedFile(TableFile):
    """A CSV or TSV file whose encoding, separator and header have been found."""

    def __init__(self, path: Path, *, header_rows: int | None = None) -> None:
        self.path = path
        self.source = str(path)
        self.encoding = encoding_of(path)
        with self._open() as file:
            head = [line for line in islice(_limited(file), LOOKED_AT) if line.strip()]
        if not head:
            raise LoadError("the file is empty", source=self.source)
        self.separator = _separator(head)
        rows = [row for row in csv.reader(head, delimiter=self.separator) if any(row)]
        self.header: Header = read_header(rows, given=header_rows)
        self.variables = self.header.variables
        self.notes = self._notes()

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Yield the rows in order; a row with a quotation mark that is never closed costs no other row."""
        width = len(self.variables)
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, row in self._rows(width, quarantine):
            numbers.append(number)
            rows.append(row)
            if len(rows) == AT_ONCE:
                yield Batch(numbers, transposed(rows, width))
                numbers, rows = [], []
        if rows:
            yield Batch(numbers, transposed(rows, width))

    def _rows(self, width: int, quarantine: Quarantine) -> Iterator[tuple[int, list[str]]]:
        def refuse(number: int, reason: str) -> None:
            quarantine(QuarantinedRow(source=self.source, row=number, reason=reason))

        with self._open() as file, refusing(self.source):
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=self.separator)
            to_skip = self.header.rows
            while True:
                lines.taken = []
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    row, problem = [], str(error)
                else:
                    problem = ""
                if not lines.taken or (len(row) == 0 and not problem):
                    continue
                if to_skip:
                    to_skip -= 1
                    continue
                if len(row) == width and not problem:
                    kept = [(lines.first, row)]
                else:
                    kept = list(self._apart(lines.first, lines.taken, len(row), width, refuse))
                for number, cells in kept:
                    if any(_LOST.search(cell) for cell in cells if not cell.isascii()):
                        refuse(number, f"not {self.encoding}")
                    elif any(cells):
                        yield number, cells

    def _apart(
        self, first: int, taken: Sequence[str], found: int, width: int, refuse: Callable[[int, str], None]
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield those lines of a torn row that are rows by themselves; refuse the others."""
        for number, line in enumerate(taken, start=first):
            try:
                row = next(csv.reader([line], delimiter=self.separator, strict=True), [])
            except csv.Error:
                row = []
            if len(row) == width:
                yield number, row
            elif line.strip():
                values = len(row) or found
                reason = (
                    f"{values} values for {width} columns" if row or len(taken) == 1 else "a quotation mark too many"
                )
                refuse(number, reason)

    def _open(self) -> TextIO:
        with refusing(self.source):
            raw = open_bytes(self.path)
        return io.TextIOWrapper(raw, encoding=str(self.encoding), errors="surrogateescape", newline="")

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self.encoding.guessed:
            notes.append(f"encoding {self.encoding}, found by its characters")
        elif self.encoding not in ("utf-8", "utf-8-sig"):
            notes.append(f"encoding {self.encoding}")
        if self.separator != ",":
            notes.append(f"separated by {'tabs' if self.separator == chr(9) else self.separator!r}")
        if self.header.rows != 1 or self.header.tool:
            tool = f" ({self.header.tool})" if self.header.tool else ""
            notes.append(f"{self.header.rows} header {'row' if self.header.rows == 1 else 'rows'}{tool}")
        return tuple(notes)


def encoding_of(path: Path) -> Encoding:
    """Return the encoding of a text file: by its mark, UTF-8 where its bytes are that, or found by its characters."""
    with refusing(str(path)), open_bytes(path) as file:
        start = file.read(_SAMPLE)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return Encoding(name)
        odd = []
        kept = 0
        block = start
        while block:
            block += file.readline(MAX_LINE)
            try:
                block.decode("utf-8")
            except UnicodeDecodeError:
                odd += [line for line in block.splitlines() if not line.isascii()]
                kept = len(odd)
            if kept > 2_000:
                break
            block = file.read(_SAMPLE)
    if not odd:
        return Encoding("utf-8")
    if sum(_is_utf8(line) for line in odd) > 0.9 * len(odd):
        return Encoding("utf-8")
    return _found_by_characters(b"\n".join(odd[:2_000]))


def _found_by_characters(text: bytes) -> Encoding:
    """Return the encoding in which the bytes read best; of equally good ones, that of Western Europe."""
    normalizer = needed("charset_normalizer", "to find the encoding of a CSV file that is not UTF-8")
    matches = normalizer.from_bytes(text)
    best = matches.best()
    western = next((one for one in matches if _WESTERN in one.could_be_from_charset), None)
    if best is None or (western is not None and western.chaos <= best.chaos):
        found = Encoding(_WESTERN)
    else:
        found = Encoding(best.encoding)
    found.guessed = True
    return found


def transposed(rows: Sequence[Sequence[str]], width: int) -> list[Sequence[str]]:
    """Return rows of *width* cells as columns."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


class _Lines(Iterator[str]):
    """The lines of a file, with those that the row being read has taken."""

    def __init__(self, file: TextIO) -> None:
        self._lines = _limited(file)
        self._number = 0
        self.taken: list[str] = []

    @property
    def first(self) -> int:
        return self._number - len(self.taken) + 1

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        self.taken.append(line)
        return line


def _limited(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file; of one that is too long, its beginning, which is no row."""
    try:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith("\n"):
                while (rest := file.readline(MAX_LINE)) and not rest.endswith("\n"):
                    pass
            yield line
    except UnicodeDecodeError as error:  # of UTF-16; other encodings let single characters be refused
        raise LoadError(f"not {error.encoding}: {error.reason}", source=str(file.name)) from error


def _separator(head: Sequence[str]) -> str:
    """Return the separator that cuts most of the first lines into the same number of values, more than one."""

    def fit(separator: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(head, delimiter=separator)]
        usual = max(set(widths), key=widths.count)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(_SEPARATORS, key=fit)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
