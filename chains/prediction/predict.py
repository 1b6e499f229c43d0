"""Graph-retrieved prediction: a distribution over the options, and the items it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from persona_db.chains.engine import Engine, Predicted
from persona_db.chains.engines import engine_of
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.fit.unseen import told_right
from persona_db.chains.results import Context, Prediction
from persona_db.chains.retrieval.join import Match
from persona_db.chains.retrieval.questions import plain_option, prepare
from persona_db.chains.retrieval.recall import BorrowFrom, RecallSettings, Sources, recall_many
from persona_db.graph.models import Question
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelLike

    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["predict", "predict_each", "predict_many", "predict_pairs"]


def predict(
    graph: Graph,
    user: str,
    question: str,
    *,
    dataset: str,
    options: Sequence[str] = (),
    settings: RecallSettings | None = None,
    as_of: str | None = None,
    embedder: Embedder | None = None,
    model: str | LanguageModelLike | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    token_budget: int | None = None,
    budget_usd: float | None = None,
) -> Prediction:
    """Predict how *user* would answer *question*: an id of the dataset, or the text of a new one with its *options*.

    Evidence is ordered by how far it moved the prediction, ties by id. UnknownUserError, UnknownQuestionError and
    NoFitError say what is missing. Nothing is written, but the calls of *model*, where a language model predicts:
    from the same items, at most *token_budget* tokens of them. Its `outcome` says when it gave no answer to use.

    >>> prediction = predict(graph, "ada", "buses", dataset="town")
    >>> prediction.options, prediction.answer
    (('no', 'unsure', 'yes'), 'yes')
    >>> next(one.text for one in prediction.evidence if "bike" in one.text)
    'For bike lanes instead of parking'

    Options come in the order in which they were given. Where nobody was asked the question, and held-out questions
    show that no known one is near enough, `outcome` is `unknown` unless a *model* predicts.
    """
    holder = require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    asked, correlations = prepare(snapshot, [(user, question)], options=options, embedder=embedder, holder=holder)
    engine = engine_of(graph, model, model_settings=model_settings, token_budget=token_budget, budget_usd=budget_usd)
    contexts = recall_many(correlations, asked, settings=settings or RecallSettings(), texts=True)
    if not engine.reads_texts and (why := cannot_tell(correlations, asked[0][1])):
        return unknown(correlations, contexts[0], why, options=options)
    return as_asked(engine.predict(correlations, contexts)[0].prediction, options)


LEAST_RIGHT = 0.7
"""Share of held-out questions of the same similarity whose direction was told right, for a new one to be predicted."""


LEAST_COSINE = 0.5
"""Cosine with the nearest known question, for a new one to be predicted where that was not measured."""


def cannot_tell(correlations: CorrelationModel, question: Question) -> str:
    """Say why nothing reliable can be said of a question that nobody was asked; '' where something can."""
    curve = correlations.snapshot.settings.unseen
    closest = correlations.closest.get(question.id, ())
    if question.id in correlations.everybody:
        return ""
    if closest and (
        closest[0][1] >= LEAST_COSINE if curve is None else told_right(curve, closest[0][1]) >= LEAST_RIGHT
    ):
        return ""
    if not closest:
        return "Cannot tell: nobody was asked this, and no question whose options point the same way is known."
    label, cosine = closest[0]
    return f"Cannot tell: nobody was asked this, and nothing known is near enough (nearest: {label}, {cosine:.2f})."


def unknown(correlations: CorrelationModel, context: Context, why: str, *, options: Sequence[str] = ()) -> Prediction:
    """Return the prediction that says that it cannot be told."""
    return Prediction(
        user=context.user,
        question=context.question.id,
        options=tuple(options) or context.question.options,
        probabilities=(),
        answer="",
        confidence=0.0,
        outcome="unknown",
        explanation=why,
        evidence=(),
        recalled=len(context.items),
        borrowed=context.borrowed,
        ratio=context.ratio,
        decided=context.decided,
        fit=correlations.snapshot.fit,
        engine="statistical",
    )


def as_asked(made: Prediction, options: Sequence[str]) -> Prediction:
    """Return a prediction with its options as they were given: in that order and spelling, and these alone."""
    if not options or tuple(options) == made.options or not made.probabilities:
        return made
    place = {plain_option(option): at for at, option in enumerate(made.options)}
    order = [place[plain_option(option)] for option in options]
    said = {made.options[at]: option for at, option in zip(order, options, strict=True)}
    chosen = [made.probabilities[at] for at in order]
    total = 1.0 if len(chosen) == len(made.options) else sum(chosen)
    best = max(range(len(chosen)), key=lambda at: chosen[at])
    return made.model_copy(
        update={
            "options": tuple(options),
            "probabilities": tuple(chance / total for chance in chosen),
            "answer": said.get(made.answer, options[best]),
            "confidence": chosen[best] / total,
            "given": said.get(made.given, made.given),
        }
    )


def predict_many(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, str]],
    *,
    settings: RecallSettings | None = None,
    explain: bool = False,
    progress: Progress = no_progress,
    model: str | LanguageModelLike | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    token_budget: int | None = None,
    budget_usd: float | None = None,
) -> list[Prediction]:
    """Predict many (user, question id) pairs, in their order, with a fixed number of queries for 200 users.

    Without *explain* predictions carry no explanation and no evidence; those of a language *model* always do.
    """
    engine = engine_of(
        snapshot.graph, model, model_settings=model_settings, token_budget=token_budget, budget_usd=budget_usd
    )
    made = predict_pairs(
        snapshot, asked, engine=engine, settings=settings or RecallSettings(), explain=explain, progress=progress
    )
    return [one.prediction for one in made]


def predict_pairs(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, str]],
    *,
    engine: Engine,
    settings: RecallSettings,
    explain: bool = False,
    progress: Progress = no_progress,
) -> list[Predicted]:
    """Predict many (user, question id) pairs by *engine*, in their order, each with the calls that it took."""
    if not asked:
        return []
    with one_thread():
        pairs, correlations = prepare(snapshot, asked)
        each = predict_each(correlations, pairs, engine=engine, settings=settings, explain=explain, progress=progress)
        made = {index: predicted for index, _, predicted in each}
    return [made[index] for index in range(len(pairs))]


def predict_each(
    correlations: CorrelationModel,
    pairs: Sequence[tuple[str, Question]],
    *,
    engine: Engine,
    settings: RecallSettings,
    explain: bool = False,
    sources: Sources | None = None,
    collaborators: Sequence[Sequence[Match]] | None = None,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, Context, Predicted]]:
    """Yield the index of each (user, question), its context and the prediction of *engine*, user by user.

    *sources* keep what is read; *collaborators*, matches for each pair, take the place of a JOIN.
    """
    sources = sources or Sources.of(correlations)
    order = sorted(range(len(pairs)), key=lambda index: pairs[index][0])
    start = 0
    while start < len(order):
        end = min(start + engine.contexts_at_once, len(order))
        while end < len(order) and pairs[order[end]][0] == pairs[order[end - 1]][0]:
            end += 1
        chunk = order[start:end]
        contexts = recall_many(
            correlations,
            [pairs[index] for index in chunk],
            settings=settings,
            texts=explain or engine.reads_texts,
            sources=sources,
            borrow_from=None if collaborators is None else [BorrowFrom(collaborators[index]) for index in chunk],
        )
        yield from zip(chunk, contexts, engine.predict(correlations, contexts, explain=explain), strict=True)
        start = end
        progress("predicting", end, len(order))
