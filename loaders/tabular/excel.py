"""The first filled sheet of an Excel workbook, row by row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from persona_db.graph.errors import LoadError
from persona_db.loaders.lines import refusing
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.tabular.delimited import transposed
from persona_db.loaders.tabular.headers import LOOKED_AT, Header, read_header
from persona_db.loaders.tabular.needed import needed
from persona_db.loaders.tabular.table_file import AT_ONCE, Batch, TableFile, cell_text

__all__ = ["ExcelFile"]

_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}


class ExcelFile(TableFile):
    """A sheet whose header has been found; a cell that Excel could not compute is blank."""

    def __init__(self, path: Path, *, header_rows: int | None = None, sheet: str | None = None) -> None:
        self.path = path
        self.source = str(path)
        with self._book() as book:
            self.sheet = _sheet(book, sheet, self.source)
            head = [row for _, row in islice(self._filled(book), LOOKED_AT)]
        if not head:
            raise LoadError(f"sheet {self.sheet!r} is empty", source=self.source)
        self.header: Header = read_header(head, given=header_rows)
        self.variables = self.header.variables
        tool = f" ({self.header.tool})" if self.header.tool else ""
        rows = f"{self.header.rows} header rows{tool}"
        self.notes = (f"sheet {self.sheet!r}", *((rows,) if self.header.rows != 1 else ()))

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:  # noqa: ARG002 - every row of a sheet can be read
        """Yield the rows in order."""
        width = len(self.variables)
        numbers: list[int] = []
        rows: list[list[str]] = []
        with self._book() as book:
            for number, row in islice(self._filled(book), self.header.rows, None):
                numbers.append(number)
                rows.append((row + [""] * width)[:width])
                if len(rows) == AT_ONCE:
                    yield Batch(numbers, transposed(rows, width))
                    numbers, rows = [], []
        if rows:
            yield Batch(numbers, transposed(rows, width))

    @contextmanager
    def _book(self) -> Iterator[Any]:
        openpyxl = needed("openpyxl", "to read Excel files")
        damaged = (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError)
        try:
            with (
                refusing(self.source),
                closing(openpyxl.load_workbook(self.path, read_only=True, data_only=True)) as book,
            ):
                yield book
        except (*damaged, openpyxl.utils.exceptions.InvalidFileException) as error:
            raise LoadError(f"is no Excel workbook (.xlsx), or damaged: {error}", source=self.source) from error

    def _filled(self, book: Any) -> Iterator[tuple[int, list[str]]]:
        for number, row in enumerate(book[self.sheet].iter_rows(values_only=True), start=1):
            cells = ["" if (text := cell_text(value)) in _ERRORS else text for value in row]
            if any(cells):
                yield number, cells


def _sheet(book: Any, wanted: str | None, source: str) -> str:
    names: list[str] = [sheet.title for sheet in book.worksheets]
    if wanted is not None:
        if wanted not in names:
            raise LoadError(f"no sheet {wanted!r}; there are {', '.join(names)}", source=source)
        return wanted
    for sheet in book.worksheets:
        if any(any(cell is not None for cell in row) for row in sheet.iter_rows(values_only=True, max_row=20)):
            return str(sheet.title)
    raise LoadError("every sheet is empty", source=source)
