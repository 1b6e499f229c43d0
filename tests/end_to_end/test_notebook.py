"""The notebook of docs runs from its first cell to its last, with a model behind the real protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.language_server import LanguageServer

from .command_line import ROOT


def test_the_notebook_runs(
    use_server: None,
    language_server: LanguageServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every code cell runs after those above it; both engines answer and calls are on record."""
    monkeypatch.setenv("MODEL", "openai:scripted")
    monkeypatch.chdir(ROOT)
    cells = json.loads((ROOT / "docs" / "langchain.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), space)
    printed = capsys.readouterr().out
    assert "numbers: yes" in printed
    assert space["made"].outcome == "answered"
    assert "'stage': 'predict'" in printed
    assert len(language_server.calls) == 3
