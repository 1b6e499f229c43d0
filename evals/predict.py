"""The outcomes of one arm: from the graph, by a language model, or by a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from persona_db.chains.engine import Engine, Predicted
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.language.call import Budget
from persona_db.chains.prediction.predict import predict_pairs
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import MODEL_ARMS, RANDOM_ARM, places_of
from persona_db.evals.baselines import BASELINES, predict_baseline
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.evals.random_collaborators import predict_at_random
from persona_db.evals.settings import EvaluateSettings
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.session import Graph

__all__ = ["baseline_outcomes", "engine_of_arm", "outcome_of_prediction", "predict_arm"]


def predict_arm(
    graph: Graph,
    dataset: str,
    arm: str,
    tests: Sequence[TestItem],
    settings: EvaluateSettings,
    *,
    answers: AnswerMatrix,
    progress: Progress = no_progress,
    model: LanguageModel | None = None,
    budget: Budget | None = None,
) -> list[Outcome]:
    """Return the arm's outcome for each test, in their order."""
    if arm in BASELINES:
        return baseline_outcomes(arm, tests, answers=answers, seed=settings.seed)
    asked = places_of(arm, RecallSettings(size=settings.size, ratio=settings.ratio, top_k=settings.top_k))
    pairs = [(test.user, test.question) for test in tests]
    snapshot = open_snapshot(graph, dataset)
    engine = engine_of_arm(arm, model, budget=budget, token_budget=settings.token_budget)
    if arm == RANDOM_ARM:
        made = predict_at_random(
            snapshot, pairs, engine=engine, settings=asked, answers=answers, seed=settings.seed, progress=progress
        )
    else:
        made = predict_pairs(snapshot, pairs, engine=engine, settings=asked, progress=progress)
    return [outcome_of_prediction(arm, test, one) for test, one in zip(tests, made, strict=True)]


def engine_of_arm(
    arm: str, model: LanguageModel | None, *, budget: Budget | None = None, token_budget: int | None = None
) -> Engine:
    """Return the engine that predicts an arm; some arms of a language model are shown no recalled item."""
    if model is None:
        return StatisticalEngine()
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.predict import PredictOptions

    options = PredictOptions(token_budget=token_budget, history=arm not in MODEL_ARMS)
    return LanguageEngine(model, budget=budget, options=options)


def baseline_outcomes(name: str, tests: Sequence[TestItem], *, answers: AnswerMatrix, seed: int) -> list[Outcome]:
    """Return the baseline's outcome for each test, in their order."""
    cells = answers.cells([(test.user, test.question) for test in tests])
    made = predict_baseline(name, answers, cells, seed=seed).probabilities
    widths = answers.n_options[cells[:, 1]]
    return [outcome_of(name, test, row[:width]) for test, row, width in zip(tests, made, widths, strict=True)]


def outcome_of_prediction(arm: str, test: TestItem, predicted: Predicted) -> Outcome:
    """Return the outcome of a prediction, with the tokens of the calls that it took."""
    made = predicted.prediction
    tokens = sum(call.tokens_in + call.tokens_out for call in predicted.calls)
    answer = made.options.index(made.answer) if made.outcome == "answered" else None
    return outcome_of(
        arm, test, made.probabilities or None, items=made.recalled, tokens=tokens, answer=answer, said=made.outcome
    )
