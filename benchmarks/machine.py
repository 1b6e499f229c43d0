"""What the numbers were measured on, and with."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from persona_db.graph.models import Model
from persona_db.graph.server.java import find_java
from persona_db.graph.server.lock import read_lock

__all__ = ["Machine", "describe"]

PACKAGES = ("persona-db", "neo4j", "neo4j-rust-ext", "numpy", "scipy", "networkx")


class Machine(Model):
    """One machine with what was installed on it."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    java: int
    neo4j: str
    packages: dict[str, str]
    commit: str


def describe() -> Machine:
    """Return this machine, without its name."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        java=find_java().major,
        neo4j=read_lock().neo4j,
        packages={name: version(name) for name in PACKAGES},
        commit=_commit(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
