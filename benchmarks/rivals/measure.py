"""Measures one system: seconds to add, milliseconds to retrieve, what is found, memory, and what it can do."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.rivals.rival import Rival, TooSlowError, Tried
from benchmarks.rivals.task import Probe, Task

__all__ = ["TOP", "Measured", "measure", "percentile"]

TOP = 10
WARM_UP = 100
"""Questions before those that are timed: a server that has just started is slower."""
_MEASURES_BEFORE_JUDGED = 0.05


@dataclass(frozen=True)
class Measured:
    """One system at one size."""

    items: int
    questions: int
    add_seconds: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """What a question took of the processor, its Neo4j's part with it; other work on the machine adds nothing to it."""
    embed_ms: float
    """Of it the sentence model: the median of a question's vector alone."""
    found_at_10: float
    found_at_1: float
    load: float
    """Processes that wanted the processor while it retrieved, its own among them: the load average of a minute."""
    others: int
    """Texts of other people among those returned."""
    memory_mb: int
    """The most memory that the process had."""
    settings: Mapping[str, str]
    can: Mapping[str, Tried] = field(default_factory=dict)


def measure(
    rival: Rival,
    task: Task,
    *,
    budget: float = float("inf"),
    server: int | None = None,
    say: Callable[[str], object] = str,
) -> Measured:
    """Add, retrieve and try; TooSlowError as soon as adding would take more than *budget* seconds.

    *server* is the process of its Neo4j.
    """
    add_seconds = _add(rival, task, budget=budget, say=say)
    say(f"added {len(task.items):,} items in {add_seconds:.1f} s")
    for question in task.questions[:WARM_UP]:
        rival.retrieve(question.person, question.text, TOP)
    gc.collect()
    taken, places, others = [], [], 0
    of_person = {name: {item.text for item in task.items if item.person == name} for name in _people(task)}
    cpu = _cpu_seconds(server)
    for question in task.questions:
        start = perf_counter()
        found = list(rival.retrieve(question.person, question.text, TOP))
        taken.append((perf_counter() - start) * 1e3)
        places.append(found.index(question.answer) if question.answer in found else TOP)
        others += sum(text not in of_person[question.person] for text in found)
    load = os.getloadavg()[0]
    cpu_ms = (_cpu_seconds(server) - cpu) / len(taken) * 1e3
    say(f"retrieved for {len(taken):,} questions, {statistics.median(taken):.1f} ms each")
    embedding = []
    for question in task.questions[: 2 * WARM_UP]:
        start = perf_counter()
        rival.embed(question.text)
        embedding.append((perf_counter() - start) * 1e3)
    memory = _peak_mb()
    return Measured(
        items=len(task.items),
        questions=len(taken),
        add_seconds=round(add_seconds, 1),
        p50_ms=round(statistics.median(taken), 1),
        p95_ms=round(percentile(taken, 0.95), 1),
        cpu_ms=round(cpu_ms, 1),
        embed_ms=round(statistics.median(embedding), 1),
        found_at_10=sum(place < TOP for place in places) / len(places),
        found_at_1=sum(place == 0 for place in places) / len(places),
        load=round(load, 1),
        others=others,
        memory_mb=memory,
        settings=dict(rival.settings),
        can=_tried(rival, task.probe),
    )


def percentile(numbers: list[float], share: float) -> float:
    """Return the smallest of *numbers* that *share* of them don't exceed."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _people(task: Task) -> set[str]:
    return {item.person for item in task.items} | {question.person for question in task.questions}


def _add(rival: Rival, task: Task, *, budget: float, say: Callable[[str], object]) -> float:
    began = perf_counter()
    total = len(task.items)
    for start in range(0, total, rival.at_once):
        rival.add(task.items[start : start + rival.at_once])
        done = min(start + rival.at_once, total)
        seconds = perf_counter() - began
        if done >= total * _MEASURES_BEFORE_JUDGED and seconds / done * total > budget:
            say(f"{done:,} of {total:,} items in {seconds:.0f} s: too slow")
            raise TooSlowError(f"{total:,} items would take {seconds / done * total / 60:.0f} minutes")
    rival.finish()
    return perf_counter() - began


def _tried(rival: Rival, probe: Probe) -> dict[str, Tried]:
    """Try everything; what fails has failed with its error."""
    tries = {"borrow": rival.borrow, "why": rival.why, "erase": rival.erase}
    found: dict[str, Tried] = {}
    try:
        rival.add_probe(probe)
    except Exception as error:  # noqa: BLE001  # whatever a package raises is what was seen
        return dict.fromkeys(tries, _failed(error))
    for name, attempt in tries.items():
        try:
            found[name] = attempt(probe)
        except Exception as error:  # noqa: BLE001  # the same
            found[name] = _failed(error)
    return found


def _failed(error: Exception) -> Tried:
    return Tried(False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _cpu_seconds(server: int | None) -> float:
    """Return what this process and *server* have taken of the processor; of the server only where /proc tells it."""
    seconds = process_time()
    if server is not None:
        try:
            told = Path(f"/proc/{server}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return seconds
        seconds += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def _peak_mb() -> int:
    """Return the most memory that this process has had; Linux counts in kilobytes, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform != "darwin" else most // 2**20
