"""Evaluating predictions on held-out answers: load the history part, refine, predict, compare the arms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from pydantic import JsonValue

from persona_db.chains.language.call import Budget
from persona_db.chains.refinement.refine import Refinement, refine
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import FIT_ARMS, check_arms
from persona_db.evals.items import Outcome, OutcomeFile, RunHeader, TestItem, sha256_of
from persona_db.evals.predict import predict_arm
from persona_db.evals.report import ArmCost, Report, report_of
from persona_db.evals.retest import AGAIN, answered_again, check_again
from persona_db.evals.settings import EvaluateSettings
from persona_db.evals.splits import VOTES, answered_split, contested_split, items_to_predict
from persona_db.evals.subgroups import groups_of
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import ConfigError, LeakError, ModelAnswerError
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders import Split, TableOptions, load, open_source
from persona_db.loaders.source import Source

if TYPE_CHECKING:
    from persona_db.chains.fit.settings import EngineSettings
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = [
    "EvaluateSettings",
    "check_no_leak",
    "evaluate",
    "evaluation_dataset",
    "held_out",
    "ranks_by_question",
    "source_hashes",
]

_SPLITS = ("split.csv", "split.csv.gz")


def evaluate(
    graph: Graph,
    settings: EvaluateSettings,
    *,
    out: Path | None = None,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Return how well each arm predicts the held-out answers; the evaluation's own dataset is gone afterwards.

    Only the history part of the split enters the graph: LeakError when an answer to be predicted is there.
    With *out*, outcomes are written to `outcomes.jsonl.gz` arm by arm as they are made.
    Without a split, the Senate holds out a tenth of the contested votes and a table a tenth of all answers, drawn by
    the seed.
    With a model, refinement and all arms share the budget: BudgetError when it is reached. The same call with a higher
    budget resumes, since answered calls are not paid for again.

    >>> settings = EvaluateSettings(format="jsonl", paths=("docs/example/town.jsonl",), split=("split.csv",))
    >>> report = evaluate(graph, settings)
    >>> report.arms["persona-db"].accuracy > report.arms["marginal"].accuracy
    True
    """
    refined_by_model = settings.model is not None and settings.refined_by == "model"
    check_arms(settings.arms, model=settings.model is not None, refined_by_model=refined_by_model)
    if settings.again is not None:
        check_again(settings.format, Path(settings.again))
    source, split_name = held_out(settings)
    tests = items_to_predict(source, part=settings.held_out)
    if settings.limit is not None and settings.limit < len(tests):
        drawn = np.random.default_rng(settings.seed).choice(len(tests), size=settings.limit, replace=False)
        tests = [tests[index] for index in np.sort(drawn)]
    answers = AnswerMatrix.of_source(source)
    groups = {} if settings.by is None else groups_of(answers, settings.by)
    if embedder is None:
        from persona_db.graph.embedding import embedder_of

        embedder = embedder_of(graph.settings)
    model = _model(graph, settings)
    budget = Budget(budget_usd=settings.budget_usd)
    with evaluation_dataset(
        graph, source, settings, embedder=embedder, progress=progress, model=model, budget=budget
    ) as dataset:
        check_no_leak(graph, dataset, tests)
        outcomes: dict[str, list[Outcome]] = {}
        costs: dict[str, ArmCost] = {}
        header = RunHeader(
            dataset=settings.format,
            split=split_name,
            command=settings.command,
            seed=settings.seed,
            settings={**settings.model_dump(mode="json"), **_engine(model)},
            data=source_hashes((*settings.paths, *settings.split)),
            ranks=ranks_by_question(answers),
            by=settings.by,
            groups=groups,
            unanswered=answers.unanswered,
        )
        with OutcomeFile(out / "outcomes.jsonl.gz", header) if out else nullcontext() as file:
            for arm in settings.arms:
                started = perf_counter()
                progress(f"arm {arm}", 0, None)
                spent, calls, cached = budget.cost_usd, budget.calls, budget.cached
                with (
                    nullcontext(dataset)
                    if arm not in FIT_ARMS
                    else evaluation_dataset(
                        graph, source, settings, embedder=embedder, progress=progress, engine=FIT_ARMS[arm]
                    )
                ) as refined:
                    if refined != dataset:
                        check_no_leak(graph, refined, tests)
                    outcomes[arm] = predict_arm(
                        graph, refined, arm, tests, settings, answers=answers, progress=progress, model=model,
                        budget=budget,
                    )  # fmt: skip
                costs[arm] = ArmCost(
                    seconds=perf_counter() - started,
                    cost_usd=budget.cost_usd - spent,
                    calls=budget.calls - calls,
                    cached=budget.cached - cached,
                )
                if file is not None:
                    file.write(outcomes[arm])
            if settings.again is not None:
                second = Path(settings.again)
                outcomes[AGAIN] = answered_again(second, source, tests)
                header = header.model_copy(update={"data": {**header.data, second.name: sha256_of(second)}})
                if file is not None:
                    file.write(outcomes[AGAIN])
    base = outcomes.get("marginal") or predict_arm(graph, dataset, "marginal", tests, settings, answers=answers)
    progress("measuring", 0, None)
    return report_of(header, outcomes, costs=costs, marginal=base)


@contextmanager
def evaluation_dataset(
    graph: Graph,
    source: Source,
    settings: EvaluateSettings,
    *,
    embedder: Embedder,
    progress: Progress,
    model: LanguageModel | None = None,
    budget: Budget | None = None,
    engine: EngineSettings | None = None,
) -> Iterator[str]:
    """Load and refine the history part into a dataset of its own, and drop it at the end, in batches.

    *engine* are settings of the statistical engine; tuned settings are tuned all the same.
    The dataset's name is a hash of what is evaluated, so that a run after a killed one resumes with what is there.
    """
    identity: tuple[object, ...] = (
        settings.format, settings.paths, settings.split, settings.sharing, settings.seed, embedder.name
    )  # fmt: skip
    refiner = model if settings.refined_by == "model" else None
    if refiner is not None:
        identity = (*identity, refiner.name, refiner.settings)
    if engine is not None:
        identity = (*identity, engine)
    dataset = f"evaluation-{blake2b(repr(identity).encode(), digest_size=6).hexdigest()}"
    load(
        graph, source, dataset=dataset, sharing=settings.sharing, embedder=embedder, progress=progress, evaluation=True
    )
    if refiner is None:
        refine(graph, dataset, seed=settings.seed, settings=engine, embedder=embedder, progress=progress)
    else:
        from persona_db.chains.language.engine import LanguageEngine

        by_model = LanguageEngine(refiner, embedder, budget)
        refined = Refinement(graph, dataset, by_model, seed=settings.seed, embedder=embedder, progress=progress).run()
        if refined.stopped is not None:
            raise ModelAnswerError(f"the evaluation's dataset is not refined: {refined.stopped}")
    try:
        yield dataset
    finally:
        drop_dataset(graph, dataset, progress=progress)


def check_no_leak(graph: Graph, dataset: str, tests: Sequence[TestItem]) -> None:
    """LeakError when the graph holds an answer that is to be predicted."""
    asked: dict[str, list[str]] = {}
    for test in tests:
        asked.setdefault(test.user, []).append(test.question)
    rows = [{"user": user, "questions": questions} for user, questions in asked.items()]
    found = graph.read("answered", dataset=dataset, rows=rows)
    if found:
        raise LeakError(
            f"{len(found)} answers to be predicted are in the graph, the first of user {found[0]['user']!r} to "
            f"{found[0]['question']!r}; the history part of a split must not hold them"
        )


def _model(graph: Graph, settings: EvaluateSettings) -> LanguageModel | None:
    if settings.model is None:
        return None
    from persona_db.chains.language.models import model_of

    return model_of(graph, settings.model, settings.model_settings)


def _engine(model: LanguageModel | None) -> dict[str, JsonValue]:
    """Return which engine predicts, with the prompt hashes of a language model."""
    if model is None:
        return {"engine": "statistical"}
    from persona_db.chains.language.prompts import PROMPTS, prompt_file

    hashes: dict[str, JsonValue] = {name: prompt_file(name).hash for name in PROMPTS}
    return {"engine": model.name, "model_settings": model.settings.model_dump(mode="json"), "prompts": hashes}


def held_out(settings: EvaluateSettings) -> tuple[Source, str]:
    """Return the source with its split, and the split's name.

    Without one given, it is the `split.csv` or `split.csv.gz` in each of the folders; of votes and of a table it is
    drawn else.
    """
    table = TableOptions(map=Path(settings.map)) if settings.map is not None else None
    if settings.map is not None and settings.format != "table":
        raise ConfigError(f"--map is for tables, not for {settings.format}")
    if settings.format == "table" and not settings.split:
        answered = answered_split(open_source("table", settings.paths, table=table), seed=settings.seed)
        source = open_source("table", settings.paths, split=[Split(answered)], table=table)
        return source, f"a tenth of all answers, seed {settings.seed}"
    split = settings.split or (() if settings.format == "senate" else _own_splits(settings.paths))
    if split or settings.format not in VOTES:
        source = open_source(settings.format, settings.paths, split=split, table=table)
        named = ", ".join(dict.fromkeys(Path(one).name for one in split)) or "as the files say"
        return source, named if settings.held_out == "test" else f"{named}, {settings.held_out}"
    votes = VOTES[settings.format](Path(settings.paths[0]) if settings.paths else None).votes()
    drawn = contested_split(votes, seed=settings.seed)
    source = open_source(settings.format, settings.paths, split=[Split(drawn)])
    return source, f"a tenth of contested votes, seed {settings.seed}"


def _own_splits(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the split in each folder; none unless all have one."""
    files = [Path(path) / name for path in paths for name in _SPLITS if (Path(path) / name).is_file()]
    return tuple(map(str, files)) if len(files) == len(paths) else ()


def ranks_by_question(answers: AnswerMatrix) -> dict[str, tuple[float | None, ...]]:
    """Return each option's rank on its question's scale, None off it."""
    return {
        question: tuple(None if np.isnan(rank) else float(rank) for rank in ranks[:width])
        for question, ranks, width in zip(answers.questions, answers.ranks, answers.n_options, strict=True)
    }


def source_hashes(paths: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of every file at the paths, by its name below the path given."""
    found: dict[str, str] = {}
    for given in paths:
        path = Path(given)
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            name = file.name if file == path else f"{path.name}/{file.relative_to(path)}"
            found[name] = sha256_of(file)
    return found
