"""One run of an experiment: each cell is written when it is done, and not computed again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic import JsonValue

from persona_db.evals.bootstrap import Estimate, Resampled, bootstrap
from persona_db.evals.experiments.result import Axes, Contrast, ExperimentResult, Measured, Plot, Row
from persona_db.evals.items import Outcome, OutcomeFile, RunHeader, TestItem, read_outcomes
from persona_db.evals.measures import MEASURES, sample_of
from persona_db.graph.errors import LoadError

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["DRAWS", "ExperimentRun", "contrast"]

DRAWS = 1_000
"""Bootstrap draws in experiments."""


class ExperimentRun:
    """The cells of an experiment: an arm's outcomes at a point of the axes, read from file where that is complete."""

    def __init__(self, context: ExperimentContext, name: str, question: str, *, axes: Sequence[str] = ()) -> None:
        self._context = context
        self.name = name
        self.question = question
        self.axes = tuple(axes)
        self._cells: list[tuple[Axes, str, list[Outcome]]] = []
        self._marginals: dict[int, list[Outcome]] = {}
        self._started = perf_counter()

    def cell(
        self, arm: str, axes: Axes, tests: Sequence[TestItem], make: Callable[[], list[Outcome]], *, what: str = ""
    ) -> list[Outcome]:
        """Return the outcomes of *tests* at a point: they are read if they were written, else computed and written.

        *what* distinguishes cells of the same arm, axes and settings.
        """
        header = self._header(arm, axes, what, tests)
        path = self._path(arm, axes)
        outcomes = _written(path, header, len(tests))
        if outcomes is None:
            point = " ".join(f"{name}={value}" for name, value in axes.items())
            self._context.progress(f"{self.name} {point} {arm}".replace("  ", " "), 0, None)
            outcomes = [one.model_copy(update={"arm": arm}) for one in make()]
            part = path.with_name("part-" + path.name)
            with OutcomeFile(part, header) as file:
                file.write(outcomes)
            part.replace(path)
        self._cells.append((axes, arm, outcomes))
        return outcomes

    def put(self, arm: str, axes: Axes, outcomes: Sequence[Outcome]) -> None:
        """Show the outcomes of another cell at this point too."""
        self._cells.append((axes, arm, list(outcomes)))

    def result(
        self,
        *,
        contrasts: Sequence[tuple[str, str]] = (),
        shown: Sequence[str] = ("accuracy", "spearman"),
        plots: Sequence[Plot] = (),
        notes: Sequence[str] = (),
        questions_too: bool = False,
        of_tests: int | None = None,
    ) -> ExperimentResult:
        """Return the result: a row for each cell, and *contrasts* (left less right) wherever both arms are at a point.

        *of_tests* is the number of tests that were drawn from, where these are not the held-out answers of the data.
        """
        rows: list[Row] = []
        compared: list[Contrast] = []
        points: list[Axes] = []
        for axes, _, _ in self._cells:
            if axes not in points:
                points.append(axes)
        for axes in points:
            here = {arm: outcomes for at, arm, outcomes in self._cells if at == axes}
            samples = {arm: sample_of(made, ranks=self._context.ranks) for arm, made in here.items()}
            resampled = bootstrap(samples, seed=self._context.settings.seed, draws=DRAWS, questions_too=questions_too)
            rows += [
                Row(
                    arm=arm,
                    axes=axes,
                    n=len(made),
                    measures={
                        **{m.name: _measured(resampled.estimate(arm, m.name)) for m in MEASURES},
                        "items": Measured(value=sum(one.items for one in made) / len(made)),
                    },
                )
                for arm, made in here.items()
            ]
            compared += [
                contrast(resampled, arm, other, axes=axes) for arm, other in contrasts if arm in here and other in here
            ]
        predicted = {(one.user, one.question) for _, _, outcomes in self._cells for one in outcomes}
        return ExperimentResult(
            name=self.name,
            question=self.question,
            dataset=self._context.settings.format,
            users=len({user for user, _ in predicted}),
            tests=len(predicted),
            of_tests=len(self._context.records.tests) if of_tests is None else of_tests,
            command=self._context.settings.command(self.name),
            settings=self._settings(),
            axes=self.axes,
            shown=tuple(shown),
            rows=tuple(rows),
            contrasts=tuple(compared),
            plots=tuple(plots),
            notes=tuple(notes),
            seconds=perf_counter() - self._started,
        )

    def _settings(self) -> dict[str, JsonValue]:
        made: dict[str, JsonValue] = self._context.settings.model_dump(mode="json")
        return made

    def _header(self, arm: str, axes: Axes, what: str, tests: Sequence[TestItem]) -> RunHeader:
        digest = blake2b(repr([(t.user, t.question, t.option) for t in tests]).encode(), digest_size=8)
        point: dict[str, JsonValue] = dict(axes)
        return RunHeader(
            dataset=self._context.settings.format,
            split=self._context.split,
            command=self._context.settings.command(self.name),
            seed=self._context.settings.seed,
            settings={
                **self._settings(), "arm": arm, "axes": point, "what": what, "tests": digest.hexdigest(),
                "code": self._context.code,
            },
            data=self._context.hashes,
            ranks=self._context.ranks,
        )  # fmt: skip

    def _path(self, arm: str, axes: Axes) -> Path:
        point = "_".join(f"{name}-{value}" for name, value in axes.items())
        return (
            self._context.out
            / self.name
            / "rows"
            / (re.sub(r"[^\w.+-]", "-", f"{arm}_{point}".rstrip("_")) + ".jsonl.gz")
        )


def contrast(resampled: Resampled, arm: str, other: str, *, axes: Axes) -> Contrast:
    """Return every measure of *arm* less that of *other*, with its interval."""
    measures = {one.name: _measured(resampled.difference(arm, other, one.name)) for one in MEASURES}
    return Contrast(arm=arm, other=other, axes=axes, measures=measures)


def _measured(estimate: Estimate) -> Measured:
    return Measured(value=estimate.value, ci95=estimate.ci95)


def _written(path: Path, header: RunHeader, tests: int) -> list[Outcome] | None:
    """Return what the file holds, if it is complete and of the same run."""
    if not path.exists():
        return None
    try:
        before, arms = read_outcomes(path)
    except LoadError:
        return None
    outcomes = [one for made in arms.values() for one in made]
    return outcomes if before == header and len(outcomes) == tests else None
