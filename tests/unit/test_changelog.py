"""The changelog is one that a reader can trust: its newest version is the package's."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = re.findall(
    r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)


def test_the_newest_entry_is_the_version_of_the_package() -> None:
    """A release without an entry, or an entry without a release, fails."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ENTRIES[0][0] == project["version"]


def test_entries_go_from_new_to_old() -> None:
    """By version and by date, each version once."""
    versions = [tuple(int(part) for part in version.split(".")) for version, _ in ENTRIES]
    days = [date.fromisoformat(day) for _, day in ENTRIES]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)
