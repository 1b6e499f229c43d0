"""`persona-db demo`: the table, the collaborators, a traced prediction, and pages that need no network.

It begins the newcomer's walk of docs/quickstart.md; `test_sessions.py` goes on from there, and `make dev` went before.
"""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from .command_line import ROOT, CommandLine

WALK = re.findall(r"^\$ (.+)$", (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_walk_is_whole() -> None:
    """The page goes from installing, demo and explorer to load, refine, join, predict and export."""
    steps = ("make dev", "persona-db demo", "persona-db explore ", "persona-db load jsonl ", "persona-db refine ",
             "persona-db join ", "persona-db predict ", "persona-db export ")  # fmt: skip
    places = [next(place for place, command in enumerate(WALK) if command.startswith(step)) for step in steps]
    assert places == sorted(places)


def test_the_demo(cli: CommandLine, tmp_path: Path, environment: dict[str, str]) -> None:
    """All of it in one JSON object; votes are predicted better than from the marginals, and one is traced to votes.

    The explorer then shows the demo's people, by the quickstart's own command.
    """
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

    explore = next(command for command in WALK if command.startswith("persona-db explore "))
    with explorer(explore, environment) as address:
        assert address.endswith("/population?dataset=senate-demo")
        shown = httpx.get(address, timeout=60)
        assert (shown.status_code, "senate-demo" in shown.text) == (200, True)
        user = made["prediction"]["user"]
        shown = httpx.get(
            httpx.URL(address).join("/person"), params={"dataset": "senate-demo", "user": user}, timeout=60
        )
        assert (shown.status_code, "<h1>" in shown.text) == (200, True)
        assert [one for one in addresses_loaded(shown.text) if not one.startswith("/static/")] == []


@contextmanager
def explorer(command: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Run the explorer's command, on a free port and without opening a browser, until Ctrl-C; yield its address."""
    arguments = [*shlex.split(command)[1:], "--port", "0", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-m", "persona_db.cli.main", *arguments], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            assert said.startswith("The explorer is at http://127.0.0.1:"), said
            yield said.split()[4]
        finally:
            process.send_signal(signal.SIGINT)
            _, trouble = process.communicate(timeout=20)
    assert "Traceback" not in trouble


def addresses_loaded(html: str) -> list[str]:
    """Return what a browser would fetch for the page: sources of scripts, styles, pictures and imports."""
    attributes = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?([^"'\s>]+)""", html)
    styles = re.findall(r"""(?:@import\s+|url\()\s*["']?((?:https?:)?//[^"')\s]+)""", html)
    return [one for one in (*attributes, *styles) if not one.startswith(("data:", "#"))]


def test_the_demo_on_bowling_green(cli: CommandLine, tmp_path: Path) -> None:
    """The bundled conversation, without a path: what its people said predicts votes better than the marginals."""
    made = cli.json("demo", "--on", "bowling-green", "--out", tmp_path / "demo")
    arms = made["report"]["arms"]
    assert arms["persona-db"]["accuracy"] > arms["marginal"]["accuracy"]
    assert made["dataset"] == "bowling-green-demo"
    assert made["prediction"]["options"] == ["disagree", "pass", "agree"]
    assert 0 < made["right"] <= made["of"]
    assert any(step["rests_on"] for step in made["path"])
