"""Every package says what it offers, and offers it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
    "packages"
]


def _modules(package: str) -> list[str]:
    folder = ROOT.joinpath(*package.split(".")[1:] or ["api"])
    return [f"{package}.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]


@pytest.mark.parametrize("name", [*PACKAGES, *(module for package in PACKAGES for module in _modules(package))])
def test_all_that_it_lists_can_be_imported(name: str) -> None:
    """Every package has `__all__`, and every name of an `__all__` is there once and can be imported."""
    module = importlib.import_module(name)
    listed: list[str] = module.__all__ if name in PACKAGES else getattr(module, "__all__", [])
    assert len(listed) == len(set(listed))
    assert [one for one in listed if not hasattr(module, one)] == []


def test_every_folder_of_python_is_a_package() -> None:
    """The wheel lacks no folder: pyproject.toml names each, and `api` as the package itself."""
    assert (ROOT / "api" / "__init__.py").is_file()
    folders = {"persona_db"} | {
        f"persona_db.{'.'.join(path.parent.relative_to(ROOT).parts)}"
        for top in ("graph", "loaders", "chains", "cypher", "evals", "explorer", "agents", "cli", "samples")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert folders == set(PACKAGES)


def test_imports_go_one_way() -> None:
    """Imports go cli, evals -> chains -> graph <- loaders: graph and loaders need nothing above them."""
    above = {
        "graph": ("persona_db.chains", "persona_db.loaders", "persona_db.evals", "persona_db.cli"),
        "loaders": ("persona_db.chains", "persona_db.evals", "persona_db.cli"),
        "chains": ("persona_db.loaders", "persona_db.evals", "persona_db.cli"),
        "evals": ("persona_db.cli", "persona_db.explorer"),
        "explorer": ("persona_db.cli", "persona_db.evals", "persona_db.agents"),
        "agents": ("persona_db.cli", "persona_db.evals"),
    }
    wrong = [
        f"{path.relative_to(ROOT)} names {other}"
        for folder, others in above.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        for other in others
        if f"from {other}" in (text := path.read_text(encoding="utf-8")) or f"import {other}" in text
    ]
    assert wrong == []


def test_help_needs_nothing_heavy() -> None:
    """`persona-db --help` answers in half a second because these are not imported for it."""
    heavy = ("torch", "sentence_transformers", "sklearn", "scipy", "neo4j", "langchain_core", "numpy", "rich")
    code = (
        "import sys; from persona_db.cli.main import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print('imported:', [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_what_the_parser_prints(option: str) -> None:
    """It is printed without the parser, and reads the same as from it."""
    parser = (
        "from typer.main import get_command; from persona_db.cli.app import APP\n"
        f"get_command(APP).main([{option!r}], prog_name='persona-db')"
    )
    light = f"from persona_db.cli.main import main; main([{option!r}])"
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    printed = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment).stdout
        for code in (parser, light)
    ]
    assert printed[0] == printed[1]


def test_a_command_imports_no_more_of_the_driver_than_it_uses() -> None:
    """`users` and `join` have no arrays, and nothing is kept from being imported afterwards."""
    code = (
        "import sys\n"
        "from persona_db.cli.console import ARRAYS, connect\n"
        "from persona_db.graph.errors import GraphUnavailableError\n"
        "from persona_db.graph.settings import Settings\n"
        "try: connect(Settings(neo4j_uri='bolt://127.0.0.1:9'), progress=print, without=ARRAYS)\n"
        "except GraphUnavailableError: pass\n"
        "print('imported:', [name for name in ARRAYS if name in sys.modules], 'neo4j' in sys.modules)\n"
        "import numpy, pandas"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: [] True"
