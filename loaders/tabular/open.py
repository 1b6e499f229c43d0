"""Opening a table: which reader its file needs, how its columns are understood, and the source that reads it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from persona_db.graph.errors import LoadError
from persona_db.graph.names import Keep
from persona_db.loaders.lines import check_file
from persona_db.loaders.split import Split
from persona_db.loaders.tabular.asked import TableOptions
from persona_db.loaders.tabular.codebook import find_codebook, is_codebook, read_codebook
from persona_db.loaders.tabular.mapping_file import read_mapping
from persona_db.loaders.tabular.plan import TablePlan
from persona_db.loaders.tabular.profile import ColumnProfile, profile_of
from persona_db.loaders.tabular.source import TableSource
from persona_db.loaders.tabular.table_file import TableFile, Variable
from persona_db.loaders.tabular.understand import understood

__all__ = ["ENDINGS", "Understood", "from_dataframe", "open_table", "understand_table"]

ENDINGS = (
    ".csv",
    ".tsv",
    ".txt",
    ".tab",
    ".xlsx",
    ".xlsm",
    ".parquet",
    ".pq",
    ".feather",
    ".arrow",
    ".sav",
    ".zsav",
    ".dta",
)
"""How the names of tables end; .gz may follow that of a text file."""


class Understood(NamedTuple):
    """A table with the profile of its columns and the plan made of them."""

    file: TableFile
    profiles: list[ColumnProfile]
    plan: TablePlan


def open_table(
    path: Path, *, options: TableOptions | None = None, split: Split | None = None, keep: Keep = "history"
) -> TableSource:
    """Return the source of a table: read by its mapping file where one is given, and as it is understood otherwise."""
    options = options or TableOptions()
    if options.map is not None:
        plan = read_mapping(options.map)
        file = _file(path, header_rows=plan.header_rows, sheet=plan.sheet)
        if options.wave:
            plan = plan.model_copy(update={"wave": options.wave})
        return TableSource(file, plan, split=split, keep=keep)
    found = understand_table(path, options)
    return TableSource(found.file, found.plan, split=split, keep=keep)


def understand_table(path: Path, options: TableOptions | None = None) -> Understood:
    """Return what is understood of a table; nothing is stored."""
    options = options or TableOptions()
    file = _file(path, header_rows=options.header_rows, sheet=options.sheet)
    if options.codebook is None and is_codebook(variable.name for variable in file.variables):
        raise LoadError(
            "is a codebook, not a table of answers; load the table that it describes, with --codebook FILE where the "
            "two are not called alike",
            source=str(path),
        )
    beside = options.codebook or find_codebook(path)
    codebook = read_codebook(beside) if beside is not None else {}
    found = _understand(file, codebook, options)
    if beside is None:
        return found
    note = f"codebook {beside.name}" + ("" if options.codebook else ", which lies beside it")
    return found._replace(plan=found.plan.model_copy(update={"notes": (*found.plan.notes, note)}))


def from_dataframe(
    frame: object,
    *,
    name: str = "data frame",
    options: TableOptions | None = None,
    plan: TablePlan | None = None,
    split: Split | None = None,
    keep: Keep = "history",
) -> TableSource:
    """Return the source of a data frame of pandas or polars, or of an Arrow table; a *plan* says how it is read.

    >>> frame = pandas.DataFrame({"id": ["ann", "ben"], "tax": ["agree", "disagree"]})
    >>> report = load(graph, from_dataframe(frame), dataset="mine")
    >>> report.users
    2
    """
    from persona_db.loaders.tabular.arrow import Frame

    file = Frame(frame, name=name)
    options = options or TableOptions()
    if plan is None:
        codebook = read_codebook(options.codebook) if options.codebook is not None else {}
        plan = _understand(file, codebook, options).plan
    return TableSource(file, plan, split=split, keep=keep)


def _understand(file: TableFile, codebook: Mapping[str, Variable], options: TableOptions) -> Understood:
    profiles = profile_of(file)
    if not profiles or not profiles[0].rows:
        raise LoadError("has no rows", source=file.source)
    return Understood(file, profiles, understood(file, profiles, codebook, options))


def _file(path: Path, *, header_rows: int | None, sheet: str | None) -> TableFile:
    check_path = path
    if not path.is_file():
        check_file(check_path)  # which says what is wrong
    ending = path.suffix.lower()
    if ending == ".gz":
        ending = Path(path.stem).suffix.lower()
    opened = _READERS.get(ending)
    if opened is None:
        raise LoadError(
            f"is no table that can be read; its name should end in one of {', '.join(ENDINGS)}", source=str(path)
        )
    return opened(path, header_rows, sheet)


def _delimited(path: Path, header_rows: int | None, _: str | None) -> TableFile:
    from persona_db.loaders.tabular.delimited import DelimitedFile

    return DelimitedFile(path, header_rows=header_rows)


def _excel(path: Path, header_rows: int | None, sheet: str | None) -> TableFile:
    from persona_db.loaders.tabular.excel import ExcelFile

    return ExcelFile(path, header_rows=header_rows, sheet=sheet)


def _parquet(path: Path, _: int | None, __: str | None) -> TableFile:
    from persona_db.loaders.tabular.arrow import ParquetFile

    return ParquetFile(path)


def _feather(path: Path, _: int | None, __: str | None) -> TableFile:
    from persona_db.loaders.tabular.arrow import FeatherFile

    return FeatherFile(path)


def _labelled(path: Path, _: int | None, __: str | None) -> TableFile:
    from persona_db.loaders.tabular.readstat import LabelledFile

    return LabelledFile(path)


_Reader = Callable[[Path, int | None, str | None], TableFile]
_READERS: dict[str, _Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab"), _delimited),
    **dict.fromkeys((".xlsx", ".xlsm"), _excel),
    **dict.fromkeys((".parquet", ".pq"), _parquet),
    **dict.fromkeys((".feather", ".arrow"), _feather),
    **dict.fromkeys((".sav", ".zsav", ".dta"), _labelled),
}
