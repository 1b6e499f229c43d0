"""`persona_db` itself offers the functions of a prediction's way, and importing it is quick."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import persona_db

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("evaluate", "join", "load", "predict", "recall", "refine", "trace")


def test_the_face_lists_what_it_offers() -> None:
    """`__all__` and `dir` name the graph, the people of a dataset, the seven functions and the version."""
    assert persona_db.__all__ == ["Graph", "Personas", "__version__", *FUNCTIONS]
    assert set(persona_db.__all__) <= set(dir(persona_db))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_that_of_its_module(name: str) -> None:
    """The face adds no code of its own: `persona_db.NAME` is the function NAME where it is defined."""
    offered = getattr(persona_db, name)
    assert offered.__name__ == name
    assert getattr(sys.modules[offered.__module__], name) is offered


@pytest.mark.parametrize("name", [*FUNCTIONS, "connect"])
def test_a_signature_has_real_types(name: str) -> None:
    """Every parameter and the result have a type, and none of these is Any."""
    found = inspect.signature(persona_db.Graph.connect if name == "connect" else getattr(persona_db, name))
    types = [found.return_annotation, *(one.annotation for one in found.parameters.values())]
    assert [str(one) for one in types if one is inspect.Parameter.empty or "Any" in str(one)] == []


def test_the_version_is_that_of_pyproject() -> None:
    """`persona_db.__version__` is read from the installed package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert persona_db.__version__ == project["version"]


def test_an_unknown_name_is_no_attribute() -> None:
    """The error is the one Python raises for a module, so that `hasattr` and imports work."""
    with pytest.raises(AttributeError, match="module 'persona_db' has no attribute 'foretell'"):
        getattr(persona_db, "foretell")  # noqa: B009


def test_importing_it_needs_nothing_heavy() -> None:
    """`import persona_db` loads no driver, no pydantic and no numbers."""
    heavy = ("neo4j", "numpy", "pydantic", "langchain_core", "scipy", "torch")
    code = f"import sys, persona_db; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
