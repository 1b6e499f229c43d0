"""Running experiments over the same data, several at once where asked, each written when it is done."""

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
from persona_db.evals.experiments.finding import Finding, markdown
from persona_db.evals.experiments.lab import Lab
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

    def run(self, lab: Lab) -> Finding:
        """Return what was found, all its rows on disk."""
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
"""In the order in which `all` runs them: those that share a dataset follow each other."""
_ALONE = {models.NAME, cost.NAME}
"""A local model shares its cores badly, and times are to be taken."""
_AT_ONCE = sorted(EXPERIMENTS.keys() - _ALONE, key=[robustness.NAME, *EXPERIMENTS].index)
"""Those that may run beside each other, the longest first."""


def run_experiments(
    graph: Graph,
    names: Sequence[str],
    settings: ExperimentSettings,
    *,
    out: Path,
    embedder: Embedder | None = None,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> list[Finding]:
    """Run the named experiments, `all` for every one; what they found is in *out* when it returns.

    Each leaves in *out*/NAME the rows of its cells, `finding.json`, `finding.md` and its plots; of several there is
    also *out*/report.html. What is whole there from the same data, settings and code is not computed again.
    The datasets that were made are gone afterwards. With *jobs* so many run at once, each in a process of its own (the
    *embedder* is sent to it) with datasets of its own; after that `models` and `cost` have the machine to themselves.
    """
    wanted = list(EXPERIMENTS) if list(names) == ["all"] else list(names)
    for name in wanted:
        if name not in EXPERIMENTS:
            raise ConfigError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}, or all")
    from persona_db.evals.experiments.plot import draw

    findings: list[Finding] = []
    pictures: dict[str, list[Path]] = {}
    with Lab(graph, settings, out=out, embedder=embedder, progress=progress) as lab:
        missing = [name for name in _AT_ONCE if name in wanted and _found(name, lab) is None]
        if jobs > 1 and len(missing) > 1:
            from persona_db.evals.experiments.processes import run_apart

            work = partial(_run_each, graph.settings, settings, out=out, embedder=embedder)
            run_apart(work, missing, jobs=jobs, progress=progress)  # what they found is read below
        for name in wanted:
            found = _finding(name, lab)
            findings.append(found)
            pictures[name] = draw(found, out / name)
    if len(findings) > 1:
        from persona_db.evals.experiments.page import page

        (out / "report.html").write_text(page(findings, pictures, command=settings.command("all")), encoding="utf-8")
    return findings


def _finding(name: str, lab: Lab) -> Finding:
    """What the experiment found: as it was written, else it is run and written."""
    found = _found(name, lab)
    if found is None:
        started = perf_counter()
        found = EXPERIMENTS[name].run(lab)
        seconds = round(perf_counter() - started, 1)
        found = found.model_copy(update={"settings": _rests_on(lab), "seconds": seconds})
        _write(lab.out / name, found)
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
    """Run experiments as they come, beside others that do; the process's number tells its datasets from theirs."""
    from persona_db.graph.session import Graph

    with (
        Graph.connect(where) as graph,
        Lab(graph, settings, out=out, embedder=embedder, name=str(number), progress=progress) as lab,
    ):
        for name in names:
            _finding(name, lab)


def _write(folder: Path, found: Finding) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finding.md").write_text(markdown(found), encoding="utf-8")
    part = folder / "finding.part"  # the file that says it is done comes last, and whole
    part.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    part.replace(folder / "finding.json")


def _found(name: str, lab: Lab) -> Finding | None:
    """The experiment's finding, if it was written and is of the same data, settings and code."""
    path = lab.out / name / "finding.json"
    if not path.exists():
        return None
    try:
        before = Finding.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError:
        return None
    return before if before.settings == _rests_on(lab) else None


def _rests_on(lab: Lab) -> dict[str, JsonValue]:
    """Settings, code and data: where these are the same, so is what is found."""
    return {**lab.settings.model_dump(mode="json"), "code": lab.code, "data": dict(lab.hashes)}
