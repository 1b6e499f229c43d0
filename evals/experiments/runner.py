"""Runs experiments on the same data, several at once if wanted, and writes each when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue, ValidationError

from persona_db.evals.experiments import (
    cold_start,
    cost,
    facts,
    join_gain,
    layers,
    matching,
    models,
    published,
    ratio,
    retrieval_size,
    robustness,
    top_k,
    unseen_question,
)
from persona_db.evals.experiments.context import ExperimentContext
from persona_db.evals.experiments.result import ExperimentResult, markdown
from persona_db.evals.experiments.settings import ExperimentSettings
from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph
    from persona_db.graph.settings import Settings

__all__ = ["EXPERIMENTS", "Experiment", "run_experiments"]


class Experiment(Protocol):
    """An experiment; each is a module of this package."""

    NAME: str
    QUESTION: str

    def run(self, context: ExperimentContext) -> ExperimentResult:
        """Return the result; all its rows are on disk."""
        ...


EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {
        one.NAME: one
        for one in (
            retrieval_size,
            ratio,
            top_k,
            facts,
            matching,
            models,
            published,
            layers,
            cold_start,
            join_gain,
            unseen_question,
            robustness,
            cost,
        )
    }
)
"""In the order in which `all` runs them: experiments that share a dataset follow each other."""
_ALONE = {models.NAME, cost.NAME}
"""A local model needs all cores, and measured times need a quiet machine."""
_AT_ONCE = sorted(EXPERIMENTS.keys() - _ALONE, key=[robustness.NAME, *EXPERIMENTS].index)
"""Experiments that may run at once, the longest first."""


def run_experiments(
    graph: Graph,
    names: Sequence[str],
    settings: ExperimentSettings,
    *,
    out: Path,
    embedder: Embedder | None = None,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> list[ExperimentResult]:
    """Run the named experiments, or every one for `all`; their results are in *out* when it returns.

    Each leaves in *out*/NAME the rows of its cells, `finding.json`, `finding.md` and its plots; several experiments
    leave *out*/report.html too. What is complete there from the same data, settings and code is not computed again.
    The datasets that were made are gone afterwards. *jobs* experiments run at once, each in a process of its own (the
    *embedder* is sent to it) with datasets of its own; after them `models` and `cost` have the machine to themselves.
    """
    wanted = list(EXPERIMENTS) if list(names) == ["all"] else list(names)
    for name in wanted:
        if name not in EXPERIMENTS:
            raise ConfigError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}, or all")
    from persona_db.evals.experiments.plot import draw

    results: list[ExperimentResult] = []
    pictures: dict[str, list[Path]] = {}
    with ExperimentContext(graph, settings, out=out, embedder=embedder, progress=progress) as context:
        missing = [name for name in _AT_ONCE if name in wanted and _stored(name, context) is None]
        if jobs > 1 and len(missing) > 1:
            from persona_db.evals.experiments.processes import run_apart

            work = partial(_run_each, graph.settings, settings, out=out, embedder=embedder)
            run_apart(work, missing, jobs=jobs, progress=progress)  # their results are read below
        for name in wanted:
            found = _result(name, context)
            results.append(found)
            pictures[name] = draw(found, out / name)
    if len(results) > 1:
        from persona_db.evals.experiments.page import page

        (out / "report.html").write_text(page(results, pictures, command=settings.command("all")), encoding="utf-8")
    return results


def _result(name: str, context: ExperimentContext) -> ExperimentResult:
    """Return the experiment's result: the stored one, else it is run and stored."""
    found = _stored(name, context)
    if found is None:
        started = perf_counter()
        found = EXPERIMENTS[name].run(context)
        seconds = round(perf_counter() - started, 1)
        found = found.model_copy(update={"settings": _rests_on(context), "seconds": seconds})
        _write(context.out / name, found)
    return found


def _run_each(
    where: Settings,
    settings: ExperimentSettings,
    number: int,
    names: Iterable[str],
    progress: Progress,
    *,
    out: Path,
    embedder: Embedder | None,
) -> None:
    """Run the experiments that this process takes; its number keeps its datasets apart from other processes'."""
    from persona_db.graph.session import Graph

    with (
        Graph.connect(where) as graph,
        ExperimentContext(graph, settings, out=out, embedder=embedder, name=str(number), progress=progress) as context,
    ):
        for name in names:
            _result(name, context)


def _write(folder: Path, found: ExperimentResult) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finding.md").write_text(markdown(found), encoding="utf-8")
    part = folder / "finding.part"  # the file that marks it as done comes last, and complete
    part.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    part.replace(folder / "finding.json")


def _stored(name: str, context: ExperimentContext) -> ExperimentResult | None:
    """Return the stored result, if it is of the same data, settings and code."""
    path = context.out / name / "finding.json"
    if not path.exists():
        return None
    try:
        before = ExperimentResult.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError:
        return None
    return before if before.settings == _rests_on(context) else None


def _rests_on(context: ExperimentContext) -> dict[str, JsonValue]:
    """Return what the result depends on: settings, code and data."""
    return {**context.settings.model_dump(mode="json"), "code": context.code, "data": dict(context.hashes)}
