"""Parquet and Feather files, and data frames of pandas and polars: all are Arrow record batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persona_db.graph.errors import LoadError
from persona_db.loaders.lines import refusing
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.tabular.needed import needed
from persona_db.loaders.tabular.table_file import AT_ONCE, Batch, TableFile, Variable, cell_text, distinct_names

__all__ = ["FeatherFile", "Frame", "ParquetFile"]


class _ArrowTable(TableFile):
    """Record batches as columns of text."""

    source: str
    notes = ()

    def _name(self, schema: Any) -> None:
        self.variables = tuple(
            Variable(name=name, label=_label(schema.field(place)))
            for place, name in enumerate(distinct_names(schema.names))
        )

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:  # noqa: ARG002 - a damaged file is refused as a whole
        """Yield the rows in order, numbered from 1."""
        first = 1
        with self._refusing():
            for batch in self._record_batches():
                for start in range(0, batch.num_rows, AT_ONCE):
                    part = batch.slice(start, AT_ONCE)
                    rows = range(first, first + part.num_rows)
                    yield Batch(rows, [_texts(column) for column in part.columns])
                    first += part.num_rows

    def _record_batches(self) -> Iterator[Any]:
        raise NotImplementedError

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        arrow = needed("pyarrow", "to read Parquet and Feather files and data frames")
        try:
            with refusing(self.source):
                yield
        except arrow.ArrowException as error:
            raise LoadError(f"cannot be read: {error}", source=self.source) from error


class ParquetFile(_ArrowTable):
    """A Parquet file, which is read some row groups' pages at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = str(path)
        with self._refusing(), self._open() as file:
            self._name(file.schema_arrow)

    def _open(self) -> Any:
        parquet = needed("pyarrow.parquet", "to read Parquet files")
        # a pre-buffered or memory-mapped file would count as memory that grows with it
        return parquet.ParquetFile(self.path, memory_map=False, pre_buffer=False)

    def _record_batches(self) -> Iterator[Any]:
        with self._open() as file:
            yield from file.iter_batches(batch_size=AT_ONCE, use_threads=False)


class FeatherFile(_ArrowTable):
    """A Feather file of version 2, which is an Arrow file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = str(path)
        with self._refusing(), self._open() as file:
            self._name(file.schema)

    def _open(self) -> Any:
        return needed("pyarrow", "to read Feather files").ipc.open_file(str(self.path))

    def _record_batches(self) -> Iterator[Any]:
        with self._open() as file:
            for place in range(file.num_record_batches):
                yield file.get_batch(place)


class Frame(_ArrowTable):
    """A data frame of pandas or polars, or an Arrow table, that is in memory."""

    def __init__(self, frame: object, *, name: str) -> None:
        self.source = name
        arrow = needed("pyarrow", "to read data frames")
        with self._refusing():
            self._table = _arrow_table(arrow, frame)
        self._name(self._table.schema)

    def _record_batches(self) -> Iterator[Any]:
        yield from self._table.to_batches(max_chunksize=AT_ONCE)


def _arrow_table(arrow: Any, frame: Any) -> Any:
    """Return the frame as an Arrow table; columns of mixed values as texts."""
    if isinstance(frame, arrow.Table):
        return frame
    if hasattr(frame, "iteritems") or hasattr(frame, "iloc"):
        columns = {}
        for place, name in enumerate(distinct_names([str(name) for name in frame.columns])):
            column = frame.iloc[:, place]
            if column.dtype == object:
                column = [cell_text(value) for value in column]
            columns[name] = arrow.array(column, from_pandas=True)
        return arrow.table(columns)
    if hasattr(frame, "__arrow_c_stream__"):
        return arrow.table(frame)
    raise LoadError(f"{type(frame).__name__} is no data frame of pandas or polars", source="data frame")


def _label(field: Any) -> str:
    """Return what the field's metadata call it, where they do."""
    for key in (b"label", b"description"):
        if field.metadata and field.metadata.get(key):
            return str(field.metadata[key].decode("utf-8", "replace"))
    return ""


def _texts(column: Any) -> Sequence[str]:
    """Return a column's cells as texts."""
    kind = str(column.type)
    if kind.startswith("dictionary"):
        column = column.dictionary_decode()
        kind = str(column.type)
    values = column.to_pylist()
    if kind in ("string", "large_string", "string_view"):
        return [value or "" for value in values] if column.null_count else values
    known: dict[object, str] = {}
    texts = []
    for value in values:
        if value.__class__ is float and math.isnan(value):
            texts.append("")
            continue
        try:
            text = known.get(value)
        except TypeError:  # a list or a struct
            text = ""
        if text is None:
            text = known[value] = cell_text(value)
        texts.append(text)
    return texts
