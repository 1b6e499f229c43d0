"""The readers of tables are heavy: no other command imports them, and a missing one is named with what installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from persona_db.graph.errors import ConfigError
from persona_db.loaders.tabular import open_table
from tests.tabular import write_csv

HEAVY = ("pandas", "polars", "pyarrow", "pyreadstat", "openpyxl", "charset_normalizer", "numpy")
ROWS = [("id", "tax"), ("ann", "agree"), ("ben", "disagree")]


@pytest.mark.parametrize(
    "command", ["import persona_db.loaders", "import persona_db.cli.load, persona_db.cli.evaluate"]
)
def test_no_reader_is_imported_before_a_table_needs_it(command: str) -> None:
    """Importing loaders or the commands imports none of them."""
    code = f"import sys; {command}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_csv_file_needs_no_package(tmp_path: Path) -> None:
    """A CSV file in UTF-8 is read with nothing but Python."""
    path = write_csv(tmp_path / "t.csv", ROWS)
    code = (
        "import sys; from pathlib import Path; from persona_db.loaders.rows import ignore\n"
        "from persona_db.loaders.tabular import open_table\n"
        f"count = sum(1 for _ in open_table(Path({str(path)!r})).read(ignore))\n"
        f"print(count, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "5 []\n"


@pytest.mark.parametrize(
    ("name", "package"), [("t.parquet", "pyarrow"), ("t.sav", "pyreadstat"), ("t.xlsx", "openpyxl")]
)
def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    """The message says which extra installs it."""
    (tmp_path / name).write_bytes(b"any")
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    with pytest.raises(ConfigError, match=rf"{package} is needed to read .*; `pip install 'persona-db\[tables\]'`"):
        open_table(tmp_path / name)
