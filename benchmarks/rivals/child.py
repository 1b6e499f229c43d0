"""Measures one system in this process: `main` takes module, class, task, result and seconds.

It is run by the Python of the system's own environment, with this repository at the end of the path.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from benchmarks.rivals.measure import measure
from benchmarks.rivals.rival import Place, Rival, TooSlowError
from benchmarks.rivals.task import read

__all__ = ["BOOT", "main"]

BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from benchmarks.rivals.child import main; sys.exit(main())"
"""What the environment's Python is told to run; its own packages come before the folders of this repository."""


def main() -> int:
    """Measure, and write what was found as JSON; `too_slow` alone where adding would take too long."""
    name, task_file, result_file, seconds, packages = sys.argv[1:]
    module, _, made_by = name.partition(":")
    place = Place(
        folder=Path.cwd(),
        neo4j_uri=os.environ.get("RIVAL_NEO4J_URI", ""),
        neo4j_user=os.environ.get("RIVAL_NEO4J_USER", ""),
        neo4j_password=os.environ.get("RIVAL_NEO4J_PASSWORD", ""),
        language_url=os.environ.get("RIVAL_LANGUAGE_URL", ""),
        server=int(os.environ.get("RIVAL_SERVER", "0")) or None,
    )
    began = perf_counter()
    rival: Rival = getattr(import_module(f"benchmarks.rivals.systems.{module}"), made_by)(place)
    ready = perf_counter() - began
    try:
        measured = asdict(measure(rival, read(Path(task_file)), budget=float(seconds), server=place.server, say=_say))
        told = {"measured": measured, "versions": _versions(packages.split()), "ready_seconds": round(ready, 1)}
    except TooSlowError as error:
        told = {"too_slow": str(error)}
    Path(result_file).write_text(json.dumps(told), encoding="utf-8")
    rival.close()
    sys.stdout.flush()
    os._exit(0)  # what a package left running, threads of telemetry among it, does not keep this process


def _versions(packages: list[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _say(what: str) -> None:
    print(f"    {what}", flush=True)
