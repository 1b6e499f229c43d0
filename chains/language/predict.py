"""Predicting by a language model, from what was recalled: the answer to a question, or the reaction to a post."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from langchain_core.runnables.config import ContextThreadPoolExecutor
from pydantic import Field

from persona_db.chains.calls import CallOutcome, CallRecord
from persona_db.chains.engine import Predicted
from persona_db.chains.language.call import Budget, CallContext, NotPaidForError
from persona_db.chains.language.context_window import room_for
from persona_db.chains.language.grounding import check_answer, check_reaction
from persona_db.chains.language.letters import LETTERS, share_by_letters
from persona_db.chains.language.logprobs import NEUTRAL, choice_probabilities, reaction_probabilities, signed
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.output_schema import count_prompt
from persona_db.chains.language.outputs import PredictedAnswer, Reaction
from persona_db.chains.language.prompts import Rendered, choose_prompt, explain_prompt, predict_prompt, react_prompt
from persona_db.chains.language.structured import Answered, Checked, Failed, ask, stream_text
from persona_db.chains.results import Context, Evidence, Prediction, Recalled, Said
from persona_db.graph.errors import ModelAnswerError, PersonaDBError, PromptTooLongError
from persona_db.graph.models import Model, Question

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "PredictOptions",
    "UsablePrediction",
    "count_asked",
    "predict_as_completed",
    "predict_contexts",
    "prediction_of_answer",
    "prediction_of_reaction",
    "stream_explanation",
]

T = TypeVar("T", bound=Model)
_Render = Callable[[Question, Sequence[Recalled], Sequence[Recalled]], Rendered]


_SCALE = 7
_HANDLE_TOKENS = 5
_WORDS_TOKENS, _SHARE_TOKENS = 300, 16
"""Tokens of an answer without probabilities, and of one probability beside its option."""


_OUTCOMES: dict[CallOutcome, Said] = {"outside": "outside", "refused": "refused", "empty": "empty"}


class PredictOptions(Model):
    """How a model is asked for predictions."""

    token_budget: int | None = Field(
        default=None, ge=1, description="Most tokens of recalled items in a prompt; None for all that it holds."
    )
    history: bool = Field(
        default=True, description="Whether recalled items are shown; without, it answers from parametric knowledge."
    )


def predict_contexts(
    model: LanguageModel,
    contexts: Sequence[Context],
    *,
    budget: Budget | None = None,
    token_budget: int | None = None,
    history: bool = True,
    config: RunnableConfig | None = None,
) -> list[Predicted]:
    """Predict from each context, in their order, many at once; `fit` of the predictions is left empty.

    *token_budget* bounds the tokens of the items in a prompt: the least relevant are left out first. Without *history*
    no item is shown, and the model answers from parametric knowledge. An unusable answer gives a prediction that says
    so, without probabilities. BudgetError when the budget is reached.
    """
    configs = None if config is None else [config] * len(contexts)
    made = dict(
        predict_as_completed(
            model, contexts, budget=budget, token_budget=token_budget, history=history, configs=configs
        )
    )
    return [made[index] for index in range(len(contexts))]


def predict_as_completed(
    model: LanguageModel,
    contexts: Sequence[Context],
    *,
    budget: Budget | None = None,
    token_budget: int | None = None,
    history: bool = True,
    configs: Sequence[RunnableConfig] | None = None,
    at_once: int | None = None,
    unfinished: list[CallRecord] | None = None,
) -> Iterator[tuple[int, Predicted]]:
    """Yield each prediction of `predict_contexts` as it completes, with the index of its context.

    *configs* are those of the LangChain runs that each context belongs to, *at_once* bounds the calls made at once
    (the model's settings unless given). An error (the budget, a provider that does not answer) is raised when those
    that run have been yielded. The calls that were made for contexts without a prediction are added to *unfinished*.
    """

    def one(context: Context, config: RunnableConfig | None) -> Predicted:
        call_context = CallContext("predict", context.user, budget, config)
        try:
            return _predict_one(model, context, call_context, token_budget if history else 0)
        except PersonaDBError:
            if unfinished is not None:
                unfinished.extend(call_context.calls)
            raise

    error: PersonaDBError | None = None
    with ContextThreadPoolExecutor(max_workers=at_once or model.settings.concurrency) as pool:
        running: dict[Future[Predicted], int] = {
            pool.submit(one, context, configs[index] if configs else None): index
            for index, context in enumerate(contexts)
        }
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=running.__getitem__):
                    index = running.pop(future)
                    if future.cancelled():
                        continue
                    failure = future.exception()
                    if isinstance(failure, PersonaDBError):
                        error = error or failure
                        for waiting in running:
                            waiting.cancel()
                    else:
                        yield index, future.result()
        finally:
            for waiting in running:
                waiting.cancel()
    if error is not None:
        raise error


def count_asked(model: LanguageModel, context: Context) -> int:
    """Return about how many tokens `predict_contexts` sends to have this predicted, with the schema of the answer.

    A dry run: no call is made. For an answer in the cache it is the count that was sent.
    """
    call_context = CallContext("predict", context.user, dry_run=True)
    try:
        _predict_one(model, context, call_context, None)
    except NotPaidForError as exc:
        return exc.counted_in
    return sum(call.tokens_in for call in call_context.calls)


def stream_explanation(
    model: LanguageModel,
    context: Context,
    *,
    budget: Budget | None = None,
    calls: list[CallRecord] | None = None,
    config: RunnableConfig | None = None,
) -> Iterator[str]:
    """Yield in pieces, as they come, the model's explanation of how the user would answer.

    The call is entered in *budget* and *calls* when the last piece has come. It is not cached, and not tried again
    once a piece has come.
    """
    prompt, _ = _fitted(
        model, context, explain_prompt, frame=_frame(model, explain_prompt, context.question), most=None
    )
    call_context = CallContext("predict", context.user, budget, config, calls=[] if calls is None else calls)
    yield from stream_text(model, prompt, call_context)


def _predict_one(
    model: LanguageModel,
    context: Context,
    call_context: CallContext,
    token_budget: int | None,
) -> Predicted:
    question = context.question
    if model.settings.answer == "letters" and 1 < len(question.options) <= len(LETTERS):
        by_letters = _by_letters(model, context, call_context, token_budget)
        if by_letters is not None:
            return by_letters
    options = model.count_tokens("\n".join(question.options))
    model.needs(_WORDS_TOKENS + options + _SHARE_TOKENS * len(question.options))

    def asked(
        render: _Render,
        output: type[T],
        check: Callable[[Rendered], Callable[[T], Checked[T]]],
        told_by: Callable[[Answered[T], Rendered, Question], UsablePrediction],
    ) -> tuple[UsablePrediction | Failed, tuple[Recalled, ...]]:
        prompt, shown = _fitted(model, context, render, frame=_frame(model, render, question), most=token_budget)
        got = ask(
            model, prompt, output, check=check(prompt), call_context=call_context,
            log_probabilities=_gives_log_probabilities(model),
        )  # fmt: skip
        return (told_by(got, prompt, question) if isinstance(got, Answered) else got), shown

    try:
        if _is_reaction(question):
            told, shown = asked(react_prompt, Reaction, check_reaction, prediction_of_reaction)
        else:
            told, shown = asked(
                predict_prompt, PredictedAnswer, lambda prompt: check_answer(prompt, question), prediction_of_answer
            )
    except (PromptTooLongError, ModelAnswerError) as exc:
        told, shown = Failed(str(exc), "", "invalid", ()), ()
    return Predicted(_prediction(model, context, told, shown), tuple(call_context.calls))


def _by_letters(
    model: LanguageModel, context: Context, call_context: CallContext, token_budget: int | None
) -> Predicted | None:
    """Return the prediction by the letters of the options; None where the model's answers tell none."""
    question = context.question
    try:
        _, shown = _fitted(
            model, context, choose_prompt, frame=_frame(model, choose_prompt, question), most=token_budget
        )
        own, borrowed = _by_source(shown)
        shares = share_by_letters(
            model, len(question.options), lambda order: choose_prompt(question, own, borrowed, order), call_context
        )
    except (PromptTooLongError, ModelAnswerError):
        return None
    if shares is None:
        return None
    best = max(range(len(shares)), key=shares.__getitem__)
    told = UsablePrediction(question.options[best], shares, "", (), confidence=shares[best])
    return Predicted(_prediction(model, context, told, shown), tuple(call_context.calls))


def _is_reaction(question: Question) -> bool:
    """A post with the scale from very negative to very positive, neutral in the middle."""
    return question.kind == "post" and len(question.options) == _SCALE


def _gives_log_probabilities(model: LanguageModel) -> bool:
    """Asked for only where they are sure to be taken: others refuse the request."""
    if model.provider == "llama":
        return True
    profile = model.chat.profile or {}
    return model.provider == "openai" and profile.get("reasoning_output") is False


def _frame(
    model: LanguageModel,
    render: _Render,
    question: Question,
) -> int:
    """Tokens of a prompt without items."""
    key = f"frame of {render.__name__}"
    if key not in model.bound:
        blank = Question(id="q", text="q")
        model.bound[key] = count_prompt(model, render(blank, (), ()), PredictedAnswer)
    return int(model.bound[key]) + model.count_tokens("\n".join((question.text, *question.options)))


def _fitted(
    model: LanguageModel,
    context: Context,
    render: _Render,
    *,
    frame: int,
    most: int | None,
) -> tuple[Rendered, tuple[Recalled, ...]]:
    """Return the prompt with the items that tell most of those that fit, in their order, and these items."""
    room = room_for(model, frame=frame)
    left = room if most is None else min(room, most)
    kept = set()
    for place in sorted(range(len(context.items)), key=lambda place: (-context.items[place].score, place)):
        tokens = model.count_tokens(context.items[place].text) + _HANDLE_TOKENS
        if tokens <= left:
            kept.add(place)
            left -= tokens
    shown = tuple(item for place, item in enumerate(context.items) if place in kept)
    return render(context.question, *_by_source(shown)), shown


def _by_source(shown: Sequence[Recalled]) -> tuple[list[Recalled], list[Recalled]]:
    return [item for item in shown if item.source == "own"], [item for item in shown if item.source != "own"]


def _prediction(
    model: LanguageModel, context: Context, told: UsablePrediction | Failed, shown: Sequence[Recalled]
) -> Prediction:
    outcome: Said = "answered"
    if isinstance(told, Failed):
        outcome = _OUTCOMES.get(told.outcome, "invalid")
        told = UsablePrediction("", (), told.reason, ())
    by_id = {item.id: item for item in shown}
    return Prediction(
        user=context.user,
        question=context.question.id,
        options=context.question.options,
        probabilities=told.probabilities,
        answer=told.answer,
        confidence=told.confidence,
        explanation=told.explanation,
        evidence=tuple(
            Evidence(id=id_, source=by_id[id_].source, text=by_id[id_].text, weight=round(1 / len(told.evidence), 6))
            for id_ in told.evidence
        ),
        recalled=len(shown),
        borrowed=sum(item.source != "own" for item in shown),
        ratio=context.ratio,
        decided=context.decided,
        fit="",
        engine=model.name,
        outcome=outcome,
        comment=told.comment,
    )


@dataclass(frozen=True)
class UsablePrediction:
    """A prediction that can be used; `evidence` are ids of recalled items."""

    answer: str
    probabilities: tuple[float, ...]
    explanation: str
    evidence: tuple[str, ...]
    comment: str = ""

    confidence: float = 0.0


def prediction_of_answer(answered: Answered[PredictedAnswer], prompt: Rendered, question: Question) -> UsablePrediction:
    """Return the prediction of an answer, by the model's log-probabilities where there are some, else as it stated.

    A model that states no usable probabilities is as sure of its answer as it says: wholly.
    """
    value = answered.value
    stated = {one.option: one.probability for one in value.probabilities} or {value.answer: 1.0}
    total = sum(stated.values())
    probabilities = choice_probabilities(
        answered.message.response_metadata, field="answer", chosen=value.answer, options=question.options
    ) or tuple(stated.get(option, 0.0) / total for option in question.options)
    return UsablePrediction(
        answer=value.answer,
        probabilities=probabilities,
        explanation=value.explanation,
        evidence=_ids(value.evidence, prompt),
        confidence=probabilities[question.options.index(value.answer)],
    )


def prediction_of_reaction(reacted: Answered[Reaction], prompt: Rendered, question: Question) -> UsablePrediction:
    """Return the prediction of a reaction on the question's scale of seven, with its comment."""
    value = reacted.value
    rank = signed(value.polarity, value.intensity)
    said = reaction_probabilities(reacted.message.response_metadata, value.polarity, value.intensity)
    probabilities = said or tuple(float(one == rank) for one in range(2 * NEUTRAL + 1))
    return UsablePrediction(
        answer=question.options[rank],
        probabilities=probabilities,
        explanation=value.explanation,
        evidence=_ids(value.evidence, prompt),
        comment=value.comment,
        confidence=probabilities[rank],
    )


def _ids(handles: Sequence[str], prompt: Rendered) -> tuple[str, ...]:
    return tuple(dict.fromkeys(prompt.citations[handle] for handle in handles))
