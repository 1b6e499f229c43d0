"""The outcomes of one arm: from the graph, by a language model, or by a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.language.call import Budget
from persona_db.chains.prediction.predict import predict_many
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import MODEL_ARMS, RANDOM_ARM, settings_of
from persona_db.evals.baselines import BASELINES, predict_baseline
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.evals.random_collaborators import predict_at_random, random_contexts
from persona_db.evals.settings import EvaluateSettings
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.predict import ModelPrediction
    from persona_db.graph.session import Graph

__all__ = ["baseline_outcomes", "model_outcome", "predict_arm"]

_MODEL_AT_ONCE = 200
"""Contexts whose language-model calls are recorded in the ledger together."""


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
    asked = settings_of(arm, RecallSettings(size=settings.size, ratio=settings.ratio, top_k=settings.top_k))
    pairs = [(test.user, test.question) for test in tests]
    snapshot = open_snapshot(graph, dataset)
    if model is not None:
        from persona_db.chains.language.predict_many import PredictOptions, predict_on_record
        from persona_db.chains.language.predict_many import predict_many as predict_many_by_model

        predict_options = PredictOptions(token_budget=settings.token_budget, history=arm not in MODEL_ARMS)
        if arm == RANDOM_ARM:
            by_index: dict[int, ModelPrediction] = {}
            for indices, _, contexts in random_contexts(
                snapshot, pairs, settings=asked, answers=answers, seed=settings.seed, texts=True, at_once=_MODEL_AT_ONCE
            ):
                made_of = predict_on_record(snapshot, contexts, model, predict_options=predict_options, budget=budget)
                by_index.update(zip(indices, made_of, strict=True))
                progress("predicting", len(by_index), len(pairs))
            predicted = [by_index[index] for index in range(len(pairs))]
        else:
            predicted = predict_many_by_model(
                snapshot,
                pairs,
                model,
                settings=asked,
                predict_options=predict_options,
                budget=budget,
                progress=progress,
            )
        return [model_outcome(arm, test, one) for test, one in zip(tests, predicted, strict=True)]
    if arm == RANDOM_ARM:
        predictions = predict_at_random(
            snapshot, pairs, settings=asked, answers=answers, seed=settings.seed, progress=progress
        )
    else:
        predictions = predict_many(snapshot, pairs, settings=asked, progress=progress)
    return [
        outcome_of(arm, test, made.probabilities, items=made.recalled)
        for test, made in zip(tests, predictions, strict=True)
    ]


def baseline_outcomes(name: str, tests: Sequence[TestItem], *, answers: AnswerMatrix, seed: int) -> list[Outcome]:
    """Return the baseline's outcome for each test, in their order."""
    cells = answers.cells([(test.user, test.question) for test in tests])
    made = predict_baseline(name, answers, cells, seed=seed).probabilities
    widths = answers.n_options[cells[:, 1]]
    return [outcome_of(name, test, row[:width]) for test, row, width in zip(tests, made, widths, strict=True)]


def model_outcome(arm: str, test: TestItem, predicted: ModelPrediction) -> Outcome:
    """Return the outcome of a language model's prediction."""
    made = predicted.prediction
    tokens = sum(call.tokens_in + call.tokens_out for call in predicted.calls)
    answer = made.options.index(made.answer) if made.outcome == "answered" else None
    return outcome_of(
        arm, test, made.probabilities or None, items=made.recalled, tokens=tokens, answer=answer, said=made.outcome
    )
