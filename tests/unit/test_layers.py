"""The house has an order: which room of `chains` may use which, and no import circle anywhere in the package."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
FACE = "api"
"""The folder of the package itself; the other folders are its sub-packages."""
FOLDERS = (FACE, "graph", "loaders", "chains", "cypher", "evals", "explorer", "agents", "cli", "samples")
ROOMS = (
    "labels", "fit", "segments", "retrieval", "engine", "statistical", "language", "engines", "prediction", "runnables",
    "refinement",
)  # fmt: skip
"""Rooms of `chains` in their order: each may use those before it, but the two engines know nothing of each other."""
ENGINES = {"statistical", "language"}
EVERYWHERE = {"persona", "results", "calls"}
"""Modules of `chains` that hold what is handed on between rooms."""


def sources() -> dict[str, str]:
    """Return the text of each module of the package; a package stands for its `__init__`."""
    return {
        _module(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    parts = parts[1:] if parts[0] == FACE else parts
    return ".".join(["persona_db", *(part for part in parts if part != "__init__")])


def imports(texts: Mapping[str, str]) -> nx.DiGraph[str]:
    """Return who imports whom, wherever the import stands: at the top, in a function, or for type checkers alone."""
    found: nx.DiGraph[str] = nx.DiGraph()
    found.add_nodes_from(texts)
    for module, text in texts.items():
        found.add_edges_from((module, other) for other in _imported(text, texts) if other != module)
    return found


def _imported(text: str, known: Collection[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield from [one for one in (full if full in known else node.module,) if one in known]
        elif isinstance(node, ast.Import):
            yield from [name.name for name in node.names if name.name in known]


def circles(found: nx.DiGraph[str]) -> list[list[str]]:
    """Return the groups of modules that need each other."""
    return sorted(sorted(some) for some in nx.strongly_connected_components(found) if len(some) > 1)


def against_the_order(found: nx.DiGraph[str]) -> list[str]:
    """Return the imports by which a room of `chains` uses one that comes after it, or one engine the other."""
    wrong = []
    for module, other in found.edges:
        here, there = _room(module), _room(other)
        if here in EVERYWHERE and there in ROOMS:
            wrong.append(f"{module} uses {other}")
        if here in ROOMS and there in ROOMS and here != there:
            above = ROOMS.index(there) > ROOMS.index(here)
            if above or {here, there} == ENGINES:
                wrong.append(f"{module} uses {other}")
    return sorted(wrong)


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[2] if module.startswith("persona_db.chains.") else ""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return sources()


@pytest.fixture(scope="module")
def imported(texts: dict[str, str]) -> nx.DiGraph[str]:
    return imports(texts)


def test_no_modules_import_each_other(imported: nx.DiGraph[str]) -> None:
    """Imports inside functions and under TYPE_CHECKING are counted: they only hide a circle."""
    assert circles(imported) == []


def test_rooms_of_chains_use_those_before_them(imported: nx.DiGraph[str]) -> None:
    """fit <- segments <- retrieval <- engine <- statistical | language <- engines <- prediction <- runnables <- refinement."""  # noqa: E501
    assert {_room(module) for module in imported if _room(module) in ROOMS} == set(ROOMS)
    assert against_the_order(imported) == []


@pytest.mark.parametrize(
    ("module", "line", "circle", "order"),
    [
        ("chains.fit.scale", "def later():\n    from persona_db.chains.refinement import refine\n", True, True),
        ("graph.errors", "if TYPE_CHECKING:\n    from persona_db.graph.session import Graph\n", True, False),
        ("chains.statistical.engine", "from persona_db.chains.language import outputs\n", False, True),
        ("chains.results", "import persona_db.chains.fit.settings\n", False, True),
    ],
)
def test_a_planted_import_is_noticed(texts: dict[str, str], module: str, line: str, circle: bool, order: bool) -> None:
    """A circle inside a function, one for types alone, one engine that uses the other, and a result that computes."""
    name = f"persona_db.{module}"
    found = imports({**texts, name: texts[name] + line})
    assert bool(circles(found)) == circle
    assert bool(against_the_order(found)) == order
