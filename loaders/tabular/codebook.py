"""A codebook: a CSV table that says what variables ask and what their codes mean, a row a code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from persona_db.graph.errors import LoadError
from persona_db.loaders.rows import ignore
from persona_db.loaders.tabular.delimited import DelimitedFile
from persona_db.loaders.tabular.table_file import Variable, code_text

__all__ = ["find_codebook", "is_codebook", "read_codebook"]

_VARIABLE = ("variable", "var", "name", "variable name", "column", "field", "question id", "key")
_TEXT = ("question", "question text", "variable label", "text", "description", "wording", "title", "varlabel")
_CODE = ("value", "code", "values", "level", "option value")
_LABEL = ("label", "value label", "labels", "meaning", "option", "answer", "value labels", "category")
_MISSING = ("missing", "is missing", "user missing", "na")
_TRUE = {"true", "1", "yes", "y", "t", "x", "missing"}


def is_codebook(names: Iterable[str]) -> bool:
    """Say whether a table with these columns is a codebook: it has variables, codes and what they mean."""
    places = _places(list(names))
    return all(name in places for name in ("variable", "code", "label"))


def read_codebook(path: Path) -> Mapping[str, Variable]:
    """Return the variables of a codebook by name; LoadError where the file is none."""
    file = DelimitedFile(path)
    names = [variable.name for variable in file.variables]
    places = _places(names)
    if not is_codebook(names):
        found = ", ".join(names[:8])
        raise LoadError(
            f"is no codebook: needs columns variable, value and label; found {found}", source=str(path), row=1
        )
    texts: dict[str, str] = {}
    labels: dict[str, dict[str, str]] = {}
    missing: dict[str, list[str]] = {}
    for batch in file.batches(ignore):
        for row in zip(*batch.cells, strict=True):
            variable = row[places["variable"]].strip()
            code, label = code_text(row[places["code"]]), row[places["label"]].strip()
            if not variable:
                continue
            if "text" in places and row[places["text"]].strip():
                texts.setdefault(variable, row[places["text"]].strip())
            of_variable = labels.setdefault(variable, {})
            if code:
                of_variable.setdefault(code, label or code)
                if "missing" in places and row[places["missing"]].strip().casefold() in _TRUE:
                    missing.setdefault(variable, []).append(code)
    return {
        name: Variable(name=name, label=texts.get(name, ""), labels=of, missing=tuple(missing.get(name, ())))
        for name, of in labels.items()
    }


def find_codebook(path: Path) -> Path | None:
    """Return the codebook that lies beside a table and is called like it: `panel-codebook.csv` for `panel-2020.sav`."""
    if not path.parent.is_dir():
        return None
    stem = _stem(path)
    candidates = [
        one
        for one in sorted(path.parent.iterdir())
        if one != path and one.suffix.lower() in (".csv", ".tsv") and "codebook" in one.stem.lower()
    ]
    for one in candidates:
        start = re.split(r"[-_. ]*codebook", one.stem, maxsplit=1, flags=re.IGNORECASE)[0]
        if start and (stem == start or re.match(rf"{re.escape(start)}[-_. ]", stem)):
            return one
    return None


def _stem(path: Path) -> str:
    name = path.name
    return name[: -len("".join(path.suffixes[-2:]))] if path.suffix == ".gz" else path.stem


def _places(names: Sequence[str]) -> dict[str, int]:
    """Return where each part of a codebook stands, by the names of its columns."""
    lower = [" ".join(re.split(r"[\s_.]+", name.casefold().strip())) for name in names]
    found: dict[str, int] = {}
    for part, called in (
        ("variable", _VARIABLE), ("text", _TEXT), ("code", _CODE), ("label", _LABEL), ("missing", _MISSING)
    ):  # fmt: skip
        for name in called:
            if name in lower and lower.index(name) not in found.values():
                found[part] = lower.index(name)
                break
    return found
