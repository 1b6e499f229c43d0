"""SPSS (.sav, .zsav) and Stata (.dta) files with their labels and missing codes, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from persona_db.graph.errors import LoadError
from persona_db.loaders.lines import check_file, refusing
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.tabular.needed import needed
from persona_db.loaders.tabular.table_file import AT_ONCE, Batch, TableFile, Variable, cell_text

__all__ = ["LabelledFile"]


_CHUNK = 20_000
"""Rows read at once: what comes before them is skipped each time."""


class LabelledFile(TableFile):
    """An SPSS or Stata file whose variables have been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = str(path)
        check_file(path)
        _, about = self._read(metadataonly=True)
        sets = {name: one for one in (about.mr_sets or {}).values() for name in one["variable_list"]}
        self.variables = tuple(_variable(name, about, sets.get(name)) for name in about.column_names)
        encoding = about.file_encoding
        self.notes = (f"encoding {encoding}",) if encoding and encoding.upper() != "UTF-8" else ()

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:  # noqa: ARG002 - a damaged file is refused as a whole
        """Yield the rows in order, numbered from 1."""
        first = 1
        while True:
            columns, _ = self._read(row_offset=first - 1, row_limit=_CHUNK)
            count = len(columns[self.variables[0].name]) if self.variables else 0
            for start in range(0, count, AT_ONCE):
                parts = [columns[one.name][start : start + AT_ONCE] for one in self.variables]
                cells = [[cell_text(_plain(value)) for value in part] for part in parts]
                yield Batch(range(first + start, first + start + len(cells[0])), cells)
            first += count
            if count < _CHUNK:
                return

    def _read(self, **wanted: Any) -> tuple[dict[str, Sequence[object]], Any]:
        pyreadstat = needed("pyreadstat", "to read SPSS and Stata files")
        read = pyreadstat.read_dta if self.path.suffix.lower() == ".dta" else pyreadstat.read_sav
        try:
            with refusing(self.source):
                columns, about = read(str(self.path), user_missing=True, output_format="dict", **wanted)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OverflowError) as error:
            raise LoadError(f"cannot be read: {error}", source=self.source) from error
        return columns, about


def _variable(name: str, about: Any, response_set: dict[str, Any] | None) -> Variable:
    labels = {cell_text(code): str(label).strip() for code, label in about.variable_value_labels.get(name, {}).items()}
    missing: list[str] = [cell_text(code) for code in about.missing_user_values.get(name) or ()]
    ranges: list[tuple[float, float]] = []
    for given in about.missing_ranges.get(name) or ():
        low, high = given["lo"], given["hi"]
        if low == high:
            missing.append(cell_text(low))
        elif not isinstance(low, str):
            ranges.append((float(low), float(high)))
    ticked = ""
    if response_set is not None and response_set["is_dichotomy"]:
        ticked = cell_text(response_set["counted_value"])
    return Variable(
        name=name,
        label=(about.column_names_to_labels.get(name) or "").strip(),
        group=response_set["label"] if ticked and response_set else "",
        labels=labels,
        missing=tuple(missing),
        missing_ranges=tuple(ranges),
        ordered=about.variable_measure.get(name) == "ordinal",
        ticked=ticked,
    )


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if item is not None else value
