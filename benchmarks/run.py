"""Measures all of it and writes the table: `python -m benchmarks.run`, or `make bench`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.joins import SizeReport, measure_joins
from benchmarks.machine import describe
from benchmarks.people import People, resampled, synthetic
from benchmarks.report import Report, write
from benchmarks.survey import Survey, run_survey

SIZES = (2_000, 20_000, 200_000)
SURVEY = Path("gss/human_resp/GSS_Panel_2016")


class Tell:
    """Says on stderr what is being done, a line a step; on a terminal with how far it is."""

    def __init__(self) -> None:
        self._what = ""

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        if what != self._what:
            ending = "\n" if self._what and sys.stderr.isatty() else ""
            print(f"{ending}  {what}", file=sys.stderr, end="" if sys.stderr.isatty() else "\n", flush=True)
            self._what = what
        if total and sys.stderr.isatty():
            print(f"\r  {what} {done:,} of {total:,}", file=sys.stderr, end="", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 users, few calls: does it run at all")
    parser.add_argument("--sizes", default="", help="numbers of users, with commas between (2000,20000,200000)")
    parser.add_argument("--users", type=int, default=0, help="calls timed a system (300; 50 when quick)")
    parser.add_argument("--top-k", type=int, default=50, help="collaborators asked for (50)")
    parser.add_argument("--predictions", type=int, default=0, help="predictions timed (20,000; 1,000 when quick)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of results.md and results.json")
    given = parser.parse_args(arguments)
    sizes = [int(size) for size in given.sizes.split(",") if size] or list(SIZES[:1] if given.quick else SIZES)
    users = given.users or (50 if given.quick else 300)
    predictions = given.predictions or (1_000 if given.quick else 20_000)
    began = perf_counter()
    date = datetime.now(UTC).date().isoformat()
    tell, left_out, survey = Tell(), [], None
    reports: list[SizeReport] = []
    with tempfile.TemporaryDirectory(prefix="persona-db-bench-") as scratch:
        data = _data()
        if data is None:
            left_out.append("GSS, whose data are not here; PERSONA_DB_TEST_DATA names their folder")
        else:
            survey = _survey(data, Path(scratch) / "survey", predictions=predictions, seed=given.seed, tell=tell)
        for size in sizes:
            for people in _populations(size, survey, seed=given.seed):
                _head(f"{people.name}, {size:,} users")
                home = Path(scratch) / f"{people.name.split()[0]}-{size}"
                report = measure_joins(
                    people, home=home, users=min(users, size // 2), top_k=given.top_k, seed=given.seed, progress=tell
                )
                reports.append(report)
                _show(report)
    command = " ".join(["python -m benchmarks.run", *(arguments if arguments is not None else sys.argv[1:])])
    table, numbers = write(
        Report(
            date=date, command=command, machine=describe(), seed=given.seed, sizes=tuple(reports),
            survey=survey.report if survey else None, left_out=tuple(left_out), seconds=perf_counter() - began,
        ),
        given.out,
    )  # fmt: skip
    print(f"{table}\n{numbers}")
    return 0


def _data() -> Path | None:
    given = os.environ.get("PERSONA_DB_TEST_DATA")
    folder = (Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data") / SURVEY
    return folder if folder.is_dir() else None


def _survey(folder: Path, home: Path, *, predictions: int, seed: int, tell: Tell) -> Survey:
    _head(folder.name)
    survey = run_survey(folder, home=home, predictions=predictions, seed=seed, progress=tell)
    _head(survey.report.model_dump_json())
    return survey


def _populations(size: int, survey: Survey | None, *, seed: int) -> list[People]:
    populations = [synthetic(size, seed=seed)]
    if survey is not None:
        populations.append(resampled("GSS resampled", survey.profiles, survey.opposites, size, seed=seed))
    return populations


def _head(text: str) -> None:
    print(f"\n{text}", file=sys.stderr, flush=True)


def _show(report: SizeReport) -> None:
    for measured in report.joins:
        print(f"  {measured.system}: {measured.latency} recall {measured.recall}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
