"""`persona-db demo`: the table, the collaborators, a traced prediction, and a page that needs no network."""

from __future__ import annotations

import re
from pathlib import Path

from .command_line import CommandLine


def test_the_demo(cli: CommandLine, tmp_path: Path) -> None:
    """All of it in one JSON object; votes are predicted better than from the marginals, and one is traced to votes."""
    made = cli.json("demo", "--out", tmp_path / "demo")
    arms = made["report"]["arms"]
    assert arms["persona-db"]["accuracy"] > 0.85
    assert arms["persona-db"]["accuracy"] > arms["marginal"]["accuracy"]
    assert made["collaborators"][0]["shared"]
    assert made["truth"] in made["prediction"]["options"]
    assert any(step["rests_on"] for step in made["path"])
    assert len(made["queries"]) == 3
    page = Path(made["picture"])
    assert page.parent == tmp_path / "demo"
    assert addresses_loaded(page.read_text(encoding="utf-8")) == []


def addresses_loaded(html: str) -> list[str]:
    """Return what a browser would fetch for the page: sources of scripts, styles, pictures and imports."""
    attributes = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?([^"'\s>]+)""", html)
    styles = re.findall(r"""(?:@import\s+|url\()\s*["']?((?:https?:)?//[^"')\s]+)""", html)
    return [one for one in (*attributes, *styles) if not one.startswith(("data:", "#"))]
