"""Measures every system and writes the table: `python -m benchmarks.rivals`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.machine import describe
from benchmarks.rivals.environments import SYSTEMS, System
from benchmarks.rivals.language import answer
from benchmarks.rivals.report import Report, write
from benchmarks.rivals.run import Outcome, run
from benchmarks.rivals.texts import make_task
from tests.language_server import LanguageServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="things said (10,000), 100 by each person")
    parser.add_argument("--questions", type=int, default=1_000, help="questions, at most one in ten items (1,000)")
    parser.add_argument("--smaller", type=int, default=1_000, help="items where all are too slow (1,000)")
    parser.add_argument("--minutes", type=float, default=15.0, help="most that adding may take (15)")
    parser.add_argument("--systems", default="", help="names, with commas between; all unless given")
    parser.add_argument(
        "--scratch",
        type=Path,
        help="keep environments and results in this folder; what is measured there is not measured again",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1], help="folder of rivals.md and rivals.json"
    )
    given = parser.parse_args(arguments)
    chosen = _chosen(given.systems)
    began = perf_counter()
    holder = (
        nullcontext(str(given.scratch)) if given.scratch else tempfile.TemporaryDirectory(prefix="persona-db-rivals-")
    )
    with holder as scratch, LanguageServer(answer=answer, keep=False) as language:
        outcomes: list[Outcome] = []

        def measure(systems: Sequence[System], items: int) -> None:
            task = make_task(items, given.questions, seed=given.seed)
            for system in systems:
                print(f"{system.name}, {len(task.items):,} items", flush=True)
                outcome = run(
                    system, task, scratch=Path(scratch).resolve(), budget=given.minutes * 60,
                    language_url=language.base_url, say=_say,
                )  # fmt: skip
                outcomes.append(outcome)
                _say(outcome.failed or "done")

        measure(chosen, given.items)
        slow = {outcome.system for outcome in outcomes if outcome.too_slow}
        if slow and given.smaller < given.items:
            measure([system for system in chosen if system.name in slow or not system.packages], given.smaller)
    command = " ".join(["python -m benchmarks.rivals", *(arguments if arguments is not None else sys.argv[1:])])
    report = Report(
        date=datetime.now(UTC).date().isoformat(), command=command, machine=describe(), seed=given.seed,
        outcomes=tuple(outcomes), seconds=perf_counter() - began,
    )  # fmt: skip
    print("\n".join(map(str, write(report, given.out))))
    return 0


def _chosen(names: str) -> list[System]:
    known = {system.name: system for system in SYSTEMS}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no system {unknown[0]!r}; there are {', '.join(known)}")
    return [known[name] for name in wanted] or list(SYSTEMS)


def _say(what: str) -> None:
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
