"""Runs one system at one size: in its environment, with a Neo4j of its own where it needs one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pydantic import Field

from benchmarks.rivals.child import BOOT
from benchmarks.rivals.environments import ROOT, CannotInstallError, System, make_environment
from benchmarks.rivals.measure import Measured
from benchmarks.rivals.task import Task, write
from persona_db.graph import server
from persona_db.graph.models import Model
from persona_db.graph.settings import Settings

__all__ = ["Outcome", "run"]

HEAP_MB, PAGE_CACHE_MB = 1_024, 512
_LONGEST_ERROR = 300
_TIMES_BUDGET = 3
"""A process that takes so many times what adding may take is ended."""


class Outcome(Model):
    """What became of one system at one size: figures, or why there are none."""

    system: str
    items: int
    measured: Measured | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    server_mb: int | None = Field(default=None, description="The most memory of the Neo4j that was started for it.")
    failed: str = ""
    too_slow: bool = False


def run(
    system: System, task: Task, *, scratch: Path, budget: float, language_url: str, say: Callable[[str], None]
) -> Outcome:
    """Install and measure *system*; whatever fails is told in the outcome.

    What was measured before in this *scratch* is not measured again.
    """
    size = len(task.items)
    folder = scratch / f"{system.made_by.replace(':', '-')}-{size}-{len(task.questions)}"
    before = folder / "outcome.json"
    if before.exists():
        return Outcome.model_validate_json(before.read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)  # what a run left that failed
    folder.mkdir(parents=True)
    outcome = _run(system, task, scratch=scratch, folder=folder, budget=budget, language_url=language_url, say=say)
    if outcome.measured is not None or outcome.too_slow:
        before.write_text(outcome.model_dump_json(), encoding="utf-8")
    return outcome


def _run(
    system: System,
    task: Task,
    *,
    scratch: Path,
    folder: Path,
    budget: float,
    language_url: str,
    say: Callable[[str], None],
) -> Outcome:
    size = len(task.items)
    try:
        python = make_environment(system, scratch / "environments")
    except CannotInstallError as error:
        return Outcome(system=system.name, items=size, failed=f"cannot be installed: {_plain(str(error), scratch)}")
    write(task, folder / "task.json")
    with _neo4j(system, folder) as (environment, peak):
        told = _measured(system, python, folder, environment, budget=budget, language_url=language_url, say=say)
        server_mb = peak()
    if "measured" not in told:
        slow = str(told.get("too_slow", ""))
        return Outcome(
            system=system.name, items=size, failed=slow or _plain(str(told["failed"]), scratch), too_slow=bool(slow)
        )
    return Outcome.model_validate({"system": system.name, "items": size, "server_mb": server_mb, **told})


def _measured(
    system: System,
    python: Path,
    folder: Path,
    environment: dict[str, str],
    *,
    budget: float,
    language_url: str,
    say: Callable[[str], None],
) -> dict[str, object]:
    result, log = folder / "result.json", folder / "stderr"
    kept = {name: value for name, value in os.environ.items() if system.packages == () or name != "PYTHONPATH"}
    kept |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "RIVAL_LANGUAGE_URL": language_url}
    kept |= {"OMP_NUM_THREADS": "1"}  # threads that wait for each other take many times as long beside other work
    command = [
        str(python), "-P", "-c", BOOT, str(ROOT), system.made_by, str(folder / "task.json"), str(result), str(budget),
        " ".join(system.shown),
    ]  # fmt: skip
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=kept | environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        end = threading.Timer(_TIMES_BUDGET * budget, process.kill)
        end.start()
        for line in process.stdout:
            if line.startswith("    "):
                say(line.strip())
        process.wait()
        end.cancel()
    if not result.exists():
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
        return {"failed": next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception)", line)), "")
                or f"ended with status {process.returncode}"}  # fmt: skip
    told: dict[str, object] = json.loads(result.read_text(encoding="utf-8"))
    told.pop("ready_seconds", None)
    return told


@contextmanager
def _neo4j(system: System, folder: Path) -> Iterator[tuple[dict[str, str], Callable[[], int | None]]]:
    """A Neo4j of the system's own, as an environment; with it what tells the most memory that it had."""
    if not system.neo4j:
        yield {}, lambda: None
        return
    settings = Settings(
        home=folder / "neo4j", cache=Settings().cache_dir, neo4j_uri=None, start_cache=False,
        heap_mb=HEAP_MB, page_cache_mb=PAGE_CACHE_MB,
    )  # fmt: skip
    connection = server.ensure_running(settings)
    environment = {
        "RIVAL_NEO4J_URI": connection.uri,
        "RIVAL_NEO4J_USER": connection.username,
        "RIVAL_NEO4J_PASSWORD": connection.password.get_secret_value(),
        "RIVAL_SERVER": str(connection.pid),
    }
    try:
        yield environment, lambda: _most_mb(connection.pid)
    finally:
        server.stop(settings)


def _most_mb(process: int) -> int | None:
    """Return the most memory that a process has had, or what it has where that is not told."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return int(psutil.Process(process).memory_info().rss) // 2**20
    told = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(told[1]) // 1024 if told else None


def _plain(text: str, scratch: Path) -> str:
    """Return an error without folders and addresses of this machine, shortened."""
    text = text.replace(str(scratch), "…").replace(str(Path.home()), "~")
    text = re.sub(r"https?://\S+", "…", text)
    text = re.sub(r"(?<![\w…~])/(?:[\w.+-]+/)+", "…/", " ".join(text.split()))
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}…"
