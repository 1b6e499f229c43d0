"""The changelog is one that a reader can trust: its newest version is the package's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", CHANGELOG, flags=re.MULTILINE)


def test_the_newest_entry_is_the_version_of_the_package() -> None:
    """The version of pyproject.toml has an entry, and no entry is newer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ENTRIES[0][0] == project["version"]


def test_entries_go_from_new_to_old() -> None:
    """Versions and dates fall down the page, and no version stands twice."""
    versions = [tuple(int(part) for part in version.split(".")) for version, _ in ENTRIES]
    days = [date.fromisoformat(day) for _, day in ENTRIES]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)


def test_the_new_home_of_a_moved_module_exists() -> None:
    """Every module in the right column of the table of moved imports can be found."""
    rows = re.findall(r"^\| (`persona_db\.[^|]+) \| (`persona_db\.[^|]+) \|$", CHANGELOG, flags=re.MULTILINE)
    assert len(rows) > 5
    assert [name for _, new in rows for name in _modules(new) if find_spec(name) is None] == []


def _modules(cell: str) -> Iterator[str]:
    """Yield the modules that a cell names: in full, or as `.name` beside the one before."""
    room = ""
    for name in re.findall(r"`((?:persona_db)?\.[\w.]+)`", cell):
        room = name.rpartition(".")[0] if name.startswith("persona_db") else room
        yield name if name.startswith("persona_db") else room + name
