"""The page on evaluation names everything that an evaluation prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_db.evals.arms import ARMS
from persona_db.evals.measures import MEASURES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"


@pytest.mark.parametrize("name", [*ARMS, *(measure.name for measure in MEASURES)])
def test_the_page_has_a_row_for_it(name: str) -> None:
    """In a table, so that one finds what it means."""
    assert f"\n| `{name}` |" in PAGE.read_text(encoding="utf-8")
