"""Graph-retrieved prediction: a distribution over the options, and the items it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persona_db.chains.asking import prepare
from persona_db.chains.lenders import Lenders
from persona_db.chains.own import Own
from persona_db.chains.reading import Reading, open_reading
from persona_db.chains.recall import RecallSettings, recall_many
from persona_db.chains.statistical.forecast import forecast
from persona_db.chains.statistical.knowledge import Knowledge
from persona_db.graph.models import Context, Evidence, Prediction, Question
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from persona_db.chains.language.models import LanguageModel, ModelSettings
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["predict", "predict_contexts", "predict_each", "predict_many"]

_SHOWN = 3
_ITEMS_AT_ONCE = 5_000


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
    model: str | BaseChatModel | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    token_budget: int | None = None,
    budget_usd: float | None = None,
) -> Prediction:
    """Predict how *user* would answer *question*: an id of the dataset, or the text of a new one with its *options*.

    Evidence is ordered by how far it moved the prediction, ties by id. UnknownUserError, UnknownQuestionError and
    NoFitError say what is missing. Nothing is written, but the calls of *model*, where a language model predicts:
    from the same items, at most *token_budget* tokens of them. Its `outcome` says when it gave no answer to use.
    """
    require_user(graph, dataset, user)
    reading = open_reading(graph, dataset, as_of=as_of)
    asked, knowledge = prepare(reading, [(user, question)], options=options, embedder=embedder)
    contexts = recall_many(knowledge, asked, settings=settings or RecallSettings(), texts=True)
    if model is None:
        return predict_contexts(knowledge, contexts, explain=True)[0]
    from persona_db.chains.foretelling import Asking, foretell_contexts
    from persona_db.chains.language.calls import Accounts
    from persona_db.chains.model_fit import model_of

    opened = model_of(graph, model, model_settings)
    asking, accounts = Asking(token_budget=token_budget), Accounts(budget_usd=budget_usd)
    return foretell_contexts(reading, contexts, opened, asking=asking, accounts=accounts)[0].prediction


def predict_many(
    reading: Reading,
    asked: Sequence[tuple[str, str]],
    *,
    settings: RecallSettings | None = None,
    explain: bool = False,
    progress: Progress = no_progress,
    model: str | BaseChatModel | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    token_budget: int | None = None,
    budget_usd: float | None = None,
) -> list[Prediction]:
    """Predict many (user, question id) pairs, in their order, with a fixed number of queries for 200 users.

    Without *explain* predictions carry no explanation and no evidence; those of a language *model* always do.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # as in refine: many small solves
        if model is not None:
            from persona_db.chains.foretelling import Asking, foretell_many
            from persona_db.chains.language.calls import Accounts
            from persona_db.chains.model_fit import model_of

            made = foretell_many(
                reading,
                asked,
                model_of(reading.graph, model, model_settings),
                settings=settings or RecallSettings(),
                asking=Asking(token_budget=token_budget),
                accounts=Accounts(budget_usd=budget_usd),
                progress=progress,
            )
            return [one.prediction for one in made]
        return _predict_many(reading, asked, settings or RecallSettings(), explain=explain, progress=progress)


def _predict_many(
    reading: Reading,
    asked: Sequence[tuple[str, str]],
    settings: RecallSettings,
    *,
    explain: bool,
    progress: Progress,
) -> list[Prediction]:
    if not asked:
        return []
    pairs, knowledge = prepare(reading, asked)
    made = {
        place: prediction
        for place, _, prediction in predict_each(
            knowledge, pairs, settings=settings, explain=explain, progress=progress
        )
    }
    return [made[place] for place in range(len(pairs))]


def predict_each(
    knowledge: Knowledge,
    pairs: Sequence[tuple[str, Question]],
    *,
    settings: RecallSettings,
    explain: bool = False,
    own: Mapping[str, Own] | None = None,
    lenders: Lenders | None = None,
    collaborators: Sequence[Sequence[Mapping[str, Any]]] | None = None,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, Context, Prediction]]:
    """Yield the place of each (user, question), what is recalled for it and the prediction, user by user.

    *own* and *lenders* are what was read so far; *collaborators*, rows of `join_many` for each pair, take the place of
    a JOIN.
    """
    lenders = lenders or Lenders(knowledge)
    order = sorted(range(len(pairs)), key=lambda index: pairs[index][0])
    start = 0
    while start < len(order):
        end = min(start + _ITEMS_AT_ONCE, len(order))
        while end < len(order) and pairs[order[end]][0] == pairs[order[end - 1]][0]:
            end += 1
        chunk = order[start:end]
        contexts = recall_many(
            knowledge,
            [pairs[index] for index in chunk],
            settings=settings,
            texts=explain,
            own=own,
            lenders=lenders,
            collaborators=None if collaborators is None else [collaborators[index] for index in chunk],
        )
        yield from zip(chunk, contexts, predict_contexts(knowledge, contexts, explain=explain), strict=True)
        start = end
        progress("predicting", end, len(order))


def predict_contexts(knowledge: Knowledge, contexts: Sequence[Context], *, explain: bool) -> list[Prediction]:
    """Turn recalled contexts into predictions, in their order."""
    return [_predict(knowledge, context, explain=explain) for context in contexts]


def _predict(knowledge: Knowledge, context: Context, *, explain: bool) -> Prediction:
    question = context.question
    made = forecast(knowledge, question.id, context.items)
    best = int(made.probabilities.argmax())
    evidence: tuple[Evidence, ...] = ()
    explanation = ""
    if explain:
        weighed = [
            Evidence(id=item.id, source=item.source, text=item.text, weight=round(push, 6))
            for item, push in zip(context.items, made.pushes, strict=True)
            if push
        ]
        evidence = tuple(sorted(weighed, key=lambda one: (-abs(one.weight), one.id)))
        explanation = _explain(knowledge, context, best, evidence)
    return Prediction.model_construct(
        user=context.user,
        question=question.id,
        options=question.options,
        probabilities=tuple(float(p) for p in made.probabilities),
        answer=question.options[best],
        confidence=float(made.probabilities[best]),
        explanation=explanation,
        evidence=evidence,
        recalled=len(context.items),
        borrowed=context.borrowed,
        ratio=context.ratio,
        decided=context.decided,
        fit=knowledge.reading.fit,
        engine="statistical",
    )


def _explain(knowledge: Knowledge, context: Context, best: int, evidence: Sequence[Evidence]) -> str:
    """Say in words what everybody answers, and what moved the prediction from there."""
    question = context.question
    rate = knowledge.scales[question.id].rates[best]
    parts = [f"{100 * rate:.0f} % of everybody answer {question.options[best]!r}."]
    order = knowledge.scales[question.id].order
    high, low = (question.options[order[-1]], question.options[order[0]]) if order else ("", "")
    for source, title in (("own", "Own"), ("summary", "Holders of shared keys"), ("collaborator", "Collaborators")):
        strongest = [one for one in evidence if one.source == source][:_SHOWN]
        if strongest:
            said = "; ".join(f"{one.text} ({'towards ' + repr(high if one.weight > 0 else low)})" for one in strongest)
            parts.append(f"{title}: {said}.")
    if not evidence:
        parts.append("Nothing recalled tells more.")
    return " ".join(parts)
