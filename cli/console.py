"""Output of every command: data on stdout, progress on stderr, errors in one line."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from persona_db.graph.progress import Progress
    from persona_db.graph.session import Graph
    from persona_db.graph.settings import Settings

__all__ = [
    "ARRAYS",
    "as_csv",
    "connect",
    "csv_output",
    "data_out",
    "one_line",
    "print_json",
    "print_table",
    "progress_bar",
    "read_settings",
    "run_command",
]

_REDRAWN_EVERY = 0.1
_INTERRUPTED = 130
_TABLES = ("pandas", "pyarrow")
ARRAYS = ("numpy", *_TABLES)
"""What the driver need not know in a command that has no arrays."""


_under_way: dict[str, tuple[int, int | None]] = {}
"""What the command has reported of its work: how much of what is done."""


def _note(what: str, done: int, total: int | None = None) -> None:
    """Keep what is under way, so that an interrupted command can tell it."""
    _under_way.pop(what, None)
    _under_way[what] = (done, total)


def _interrupted() -> str:
    """Return what to say of an interrupted command: what it was at, and that it can be run again."""
    if not _under_way:
        return "interrupted before anything was changed; run the same command again"
    what, (done, total) = list(_under_way.items())[-1]
    much = f" ({done:,} of {total:,} done)" if total else f" ({done:,} done)" if done else ""
    return one_line(f"interrupted while {what}{much}; what was done is kept, and the same command resumes from there")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a progress reporter: it draws bars on stderr where that is a terminal, and otherwise nothing."""
    if not sys.stderr.isatty():
        yield _note
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        drawn: dict[str, float] = {}

        def report(what: str, done: int, total: int | None = None) -> None:
            _note(what, done, total)
            now = time.monotonic()
            if done != total and now - drawn.get(what, 0.0) < _REDRAWN_EVERY:
                return
            drawn[what] = now
            if what not in tasks:
                tasks[what] = bars.add_task(one_line(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def connect(settings: Settings, *, progress: Progress, without: Sequence[str] = _TABLES) -> Graph:
    """Return the graph of *settings*; the driver is imported as if modules of *without* were not installed.

    It would import them for values and results that the command does not use, in more time than all the rest takes.
    A module that is there already stays.
    """
    hidden = [name for name in without if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: importing it raises ImportError
    try:
        import neo4j  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
    from persona_db.graph.session import Graph

    return Graph.connect(settings, progress=progress)


_csv: list[TextIO] = []
"""Where tables go as CSV; empty while they are printed to be read."""


@contextmanager
def csv_output() -> Iterator[None]:
    """Let `print_table` write CSV to stdout (RFC 4180, UTF-8), and all else that is printed go to stderr.

    Lists and texts stand in it as `graph.cells.csv_cell` says. Of several tables of a command each has its header, with an empty line before all but the first.
    """
    stdout, sys.stdout = sys.stdout, sys.stderr
    _csv.append(stdout)
    _tables.clear()
    try:
        yield
    finally:
        if stdout in _csv:
            stdout.flush()
            _end_csv()


def _end_csv() -> None:
    """Print to stdout again; a command line that could not be parsed ends before `csv_output` does."""
    while _csv:
        sys.stdout = _csv.pop()


_tables: list[Sequence[str]] = []


def as_csv() -> bool:
    """Say whether tables are written as CSV, so that nothing need be cut or rounded."""
    return bool(_csv)


def data_out() -> TextIO:
    """Return where data go that a command writes itself: stdout, with `--csv` too."""
    return _csv[-1] if _csv else sys.stdout


def _write_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    import csv

    from persona_db.graph.cells import csv_cell

    writer = csv.writer(_csv[-1])
    if _tables:
        writer.writerow(())
    _tables.append(columns)
    writer.writerow(columns)
    writer.writerows([[csv_cell(cell) for cell in row] for row in rows])


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns' names: numbers to the right, texts to the left, each row on one line.

    With `--csv` they are written as CSV, numbers in full.
    """
    if _csv:
        _write_csv(columns, rows)
        return
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    right = [bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(columns))]
    for row in cells:
        parts = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(parts).rstrip())


def print_json(value: object) -> None:
    """Print models, mappings and lists as JSON; NaN and infinity become null."""
    import json

    if _csv:
        from persona_db.graph.errors import ConfigError

        raise ConfigError("give --json or --csv, not both")
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def read_settings() -> Settings:
    """Return the settings from the environment; ConfigError names the variable that cannot be used."""
    from pydantic import ValidationError

    from persona_db.graph.errors import ConfigError
    from persona_db.graph.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = str(fault["loc"][0]).upper()
        name = name if name.startswith("NEO4J_") else f"PERSONA_DB_{name}"
        reason = fault["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{name} {reason}" if fault["type"] == "value_error" else f"{name}: {reason}") from error


def run_command(command: Callable[[], object], *, debug: bool = False) -> int:
    """Run *command* and return its exit status; an error of ours becomes one line on stderr and status 1.

    With *debug* the error is raised instead, so that its trace is shown. Any other exception is a bug and is raised.
    """
    from persona_db.graph.errors import PersonaDBError

    _under_way.clear()
    try:
        with _os_errors():
            status = command()
            sys.stdout.flush()
    except PersonaDBError as error:
        if debug:
            raise
        print(f"persona-db: {one_line(str(error))}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit) as ended:  # the parser makes an exit of an interrupt, and says nothing
        if isinstance(ended, SystemExit) and ended.code != _INTERRUPTED:
            raise
        print(f"persona-db: {_interrupted()}", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # whoever reads our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        _end_csv()
    return status if isinstance(status, int) and not isinstance(status, bool) else 0


@contextmanager
def _os_errors() -> Iterator[None]:
    """Let a file that cannot be read or written leave as an error of ours, a full disk as such."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        from persona_db.graph.errors import ConfigError, DiskFullError
        from persona_db.graph.room import is_full

        what = f"{error.filename}: " if error.filename else ""
        if is_full(error):
            raise DiskFullError(f"{what}the disk is full; make room there and run the same command again") from error
        if error.strerror is None:
            raise
        raise ConfigError(f"{what}{error.strerror}") from error


def one_line(text: str) -> str:
    """Return *text* on one line, with control characters escaped."""
    return "".join(char if char.isprintable() else _visible(char) for char in text.strip())


def _visible(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode()


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else one_line(str(value))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _plain(value: object) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        value = dump(mode="json")
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
