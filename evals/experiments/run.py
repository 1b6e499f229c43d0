"""Running experiments: one after the other over the same data, each written when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def run_experiments(
    graph: Graph,
    names: Sequence[str],
    settings: ExperimentSettings,
    *,
    out: Path,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
) -> list[Finding]:
    """Run the named experiments, `all` for every one; what they found is in *out* when it returns.

    Each leaves in *out*/NAME the rows of its cells, `finding.json`, `finding.md` and its plots; of several there is
    also *out*/report.html. What is whole there from the same data, settings and code is not computed again.
    The datasets that were made are gone afterwards.
    """
    wanted = list(EXPERIMENTS) if list(names) == ["all"] else list(names)
    for name in wanted:
        if name not in EXPERIMENTS:
            raise ConfigError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}, or all")
    from persona_db.evals.experiments.plot import draw

    findings: list[Finding] = []
    pictures: dict[str, list[Path]] = {}
    with Lab(graph, settings, out=out, embedder=embedder, progress=progress) as lab:
        for name in wanted:
            folder = out / name
            found = _found(folder / "finding.json", lab)
            if found is None:
                started = perf_counter()
                found = EXPERIMENTS[name].run(lab)
                seconds = round(perf_counter() - started, 1)
                found = found.model_copy(update={"settings": _rests_on(lab), "seconds": seconds})
                _write(folder, found)
            findings.append(found)
            pictures[name] = draw(found, folder)
    if len(findings) > 1:
        from persona_db.evals.experiments.page import page

        (out / "report.html").write_text(page(findings, pictures, command=settings.command("all")), encoding="utf-8")
    return findings


def _write(folder: Path, found: Finding) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finding.md").write_text(markdown(found), encoding="utf-8")
    part = folder / "finding.part"  # the file that says it is done comes last, and whole
    part.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    part.replace(folder / "finding.json")


def _found(path: Path, lab: Lab) -> Finding | None:
    """The finding written there, if it is of the same data, settings and code."""
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
