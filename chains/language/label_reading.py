"""Labels of questions read by a language model: once for each question, never for each person, and checked.

A label that cannot be used leaves the one by rule. A stance counts only where it names the matter, says what the option
says (its words, or plainly for or against), and a second call, which sees the stances alone and in another order, puts
it back to its own option. Every other answer keeps its safe name, `label: option`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.chains.calls import runs_of
from persona_db.chains.labels.acceptance import Acceptance
from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.models import model_of
from persona_db.chains.language.outputs import ReadLabel, SortedStances
from persona_db.chains.language.prompts import label_prompt, prompt_file, unlabel_prompt
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.language.structured import Answered, Checked, Problem, ask
from persona_db.graph.errors import PersonaDBError
from persona_db.graph.labels import Label, store_labels, unread
from persona_db.graph.ledger import now, store_runs
from persona_db.graph.models import Model, Question
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import questions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from persona_db.chains.calls import CallRecord
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.session import Graph

__all__ = ["LabelReport", "Reading", "read_dataset", "read_labels"]

_TOKENS_A_LABEL, _TOKENS_A_STANCE = 40, 25
_AT_ONCE = 32
"""Questions that are read before what was read is stored."""


@dataclass(frozen=True)
class Reading:
    """What a model read of a question: the label that can be used, and what was not accepted, with reasons."""

    question: str
    label: Label | None
    rejected: tuple[str, ...] = ()
    calls: tuple[CallRecord, ...] = field(default=(), repr=False)
    error: PersonaDBError | None = None
    """What kept the model from being asked, such as the budget: the question waits."""


def read_labels(
    model: LanguageModel,
    known: Sequence[Question],
    *,
    among: Sequence[Question] = (),
    accepts: Acceptance | None = None,
    budget: Budget | None = None,
    progress: Progress = no_progress,
) -> list[Reading]:
    """Return a reading of each question with options, in their order; two calls each at most, repairs apart.

    No label or stance is one that another question has, of these or of the dataset, *among* which they are; *accepts*
    is what tells those apart, where it was made before. After a fault that ends the model's work, such as a budget, the
    questions that are left come with that error.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    asked = [question for question in known if question.options]
    accepts = accepts or Acceptance.of(among or known)
    done: list[Reading] = []
    with ContextThreadPoolExecutor(max_workers=model.settings.concurrency) as pool:
        # All of one prompt before the other: a model that keeps its last prompt reads what they share once.
        named = list(pool.map(lambda question: _named(model, question, accepts, budget), asked))
        for reading in pool.map(lambda question, first: _checked(model, question, first, budget), asked, named):
            done.append(reading)
            progress("reading questions", len(done), len(asked))
    ids = {question.id for question in asked}
    beside = [question for question in among if question.id not in ids]
    used = Counter(question.label.casefold() for question in beside)
    said = Counter(stance.casefold() for question in beside for stance in question.stances)
    said.update(stance.casefold() for reading in done if reading.label for stance in reading.label.stances)
    return [_unique(reading, used, said) for reading in done]


def _named(model: LanguageModel, question: Question, accepts: Acceptance, budget: Budget | None) -> Reading:
    """Return what the model says of a question, as far as its form and words can be used."""
    context = CallContext("label", "", budget)
    try:
        said = ask(model, label_prompt(question), ReadLabel, check=_checker(question), call_context=context)
    except PersonaDBError as exc:
        return Reading(question.id, None, (), tuple(context.calls), exc)
    if not isinstance(said, Answered):
        return Reading(question.id, None, (said.reason,), tuple(context.calls))
    places = {f"o{place + 1}": place for place in range(len(question.options))}
    given = {places[one.option]: one.stance for one in said.value.stances if one.option in places}
    stances, rejected = accepts.stances(question, given)
    label, why = accepts.label(question, said.value.label)
    made = Label(
        question=question.id, label=label, stances=_places(question, stances), content=accepts.content(said.value.kind)
    )
    return Reading(question.id, made, (*why, *rejected), tuple(context.calls))


def _checked(model: LanguageModel, question: Question, first: Reading, budget: Budget | None) -> Reading:
    """Return a reading without the stances that a second call does not put back to their option."""
    label = first.label
    if label is None or not label.stances:
        return first
    context = CallContext("label", "", budget)
    stances = {place: stance for place, stance in enumerate(label.stances) if stance}
    try:
        lost = _put_back(model, question, stances, context)
    except PersonaDBError as exc:
        return replace(first, label=None, calls=(*first.calls, *context.calls), error=exc)
    return replace(
        first,
        label=label.model_copy(update={"stances": _places(question, stances)}),
        rejected=(*first.rejected, *lost),
        calls=(*first.calls, *context.calls),
    )


def _places(question: Question, stances: Mapping[int, str]) -> tuple[str, ...]:
    """Return the stances by option, '' where there is none; nothing at all without any."""
    return tuple(stances.get(place, "") for place in range(len(question.options))) if stances else ()


def _checker(question: Question) -> Any:
    """Return the check of an answer's form: every option once."""
    wanted = {f"o{place + 1}" for place in range(len(question.options))}

    def check(value: ReadLabel) -> Checked[ReadLabel]:
        given = [one.option for one in value.stances]
        if set(given) == wanted and len(given) == len(wanted):
            return Checked(value)
        missing = ", ".join(sorted(wanted - set(given))[:5]) or "one twice"
        return Checked(value, (Problem(f"stances: every option once; missing {missing}", ""),), kept=1)

    return check


def _put_back(model: LanguageModel, question: Question, stances: dict[int, str], context: CallContext) -> list[str]:
    """Take out of *stances* those that a second reading does not put back to their option, and say which."""
    order = sorted(stances, key=lambda place: sha256(stances[place].encode()).digest())
    prompt = unlabel_prompt(question, [(str(place), stances[place]) for place in order])
    said = ask(model, prompt, SortedStances, check=Checked, call_context=context)
    back: dict[int, set[str]] = {}
    if isinstance(said, Answered):
        for pair in said.value.pairs:
            if pair.stance in prompt.citations and pair.option in prompt.citations:
                back.setdefault(int(prompt.citations[pair.stance]), set()).add(prompt.citations[pair.option])
    lost = [place for place in order if back.get(place) != {str(place)}]
    for place in lost:
        del stances[place]
    return [f"stance of {question.options[place]!r} was not put back to it" for place in sorted(lost)]


def _unique(reading: Reading, used: Counter[str], said: Counter[str]) -> Reading:
    """Return a reading without a label that another question has, and without stances that several questions have."""
    label = reading.label
    if label is None:
        return reading
    why: list[str] = []
    if label.label and used[label.label.casefold()]:
        why.append("label is that of another question")
        label = label.model_copy(update={"label": ""})
    elif label.label:
        used[label.label.casefold()] += 1
    if alike := [stance for stance in label.stances if stance and said[stance.casefold()] > 1]:
        why += [f"stance {stance!r} is that of another question" for stance in alike]
        kept = tuple("" if stance in alike else stance for stance in label.stances)
        label = label.model_copy(update={"stances": kept if any(kept) else ()})
    return replace(reading, label=label, rejected=(*reading.rejected, *why))


class LabelReport(Model):
    """What a reading of a dataset's questions did, or would do."""

    dataset: str
    model: str
    dry_run: bool = False
    questions: int = Field(description="Questions to be read in this run.")
    waiting: int = Field(default=0, description="Those of them that a fault or the budget left.")
    labels: int = Field(default=0, description="Labels accepted.")
    stances: int = Field(default=0, description="Stances accepted.")
    options: int = Field(default=0, description="Options of the questions that were read.")
    rejected: tuple[str, ...] = Field(default=(), description="What was not accepted: question and reason.")
    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None
    stopped: str = Field(default="", description="Why questions wait.")


def read_dataset(
    graph: Graph,
    dataset: str,
    model: str | BaseChatModel | LanguageModel,
    *,
    settings: ModelSettings | None = None,
    budget_usd: float | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> LabelReport:
    """Read the questions that neither a person nor a source named and that this model has not read, and store it.

    Calls are in the ledger under the stage `label`, with no user. Reading again makes no call. With *dry_run* the first
    calls are counted, none is made and no key is needed. A fault of the model ends the reading; what was read is
    stored, every 32 questions, so that a killed reading goes on from there.
    """
    if isinstance(model, str):
        settings = (settings or ModelSettings()).model_copy(update={"keeps_prompt": True})
    opened = model_of(graph, model, settings, dry_run=dry_run)
    hashes = " ".join(f"{name} {prompt_file(name).hash}" for name in ("label", "unlabel"))
    read_by = f"{opened.name} {hashes}"
    ids = set(unread(graph, dataset, read_by=read_by))
    everything = questions(graph, dataset)
    asked = [question for question in everything if question.id in ids]
    if dry_run:
        tokens = sum(opened.count_tokens(label_prompt(question).text) for question in asked)
        out = sum(_TOKENS_A_LABEL + _TOKENS_A_STANCE * len(question.options) for question in asked)
        return LabelReport(
            dataset=dataset, model=opened.name, dry_run=True, questions=len(asked), calls=2 * len(asked),
            tokens_in=2 * tokens, tokens_out=2 * out, cost_usd=opened.cost(2 * tokens, 2 * out),
        )  # fmt: skip
    named = {question.id: question for question in everything}
    accepts = Acceptance.of(everything)
    budget = Budget(budget_usd=budget_usd)
    found: list[Reading] = []
    made: list[Label] = []
    for start in range(0, len(asked), _AT_ONCE):
        part = read_labels(
            opened,
            asked[start : start + _AT_ONCE],
            among=list(named.values()),
            accepts=accepts,
            budget=budget,
            progress=_after(progress, start, len(asked)),
        )
        labels = [one.label or Label(question=one.question) for one in part if one.error is None]
        store_labels(graph, dataset, labels, by="model", read_by=read_by)
        calls = [call for one in part for call in one.calls]
        store_runs(graph, dataset, runs_of(calls, fit="", at=now()))
        opened.recorded(calls)
        named.update((one.question, _called(named[one.question], one)) for one in labels)
        found += part
        made += labels
        if any(one.error is not None for one in part):
            break
    read = [one for one in found if one.error is None]
    error = next((one.error for one in found if one.error is not None), None)
    options = {question.id: len(question.options) for question in asked}
    return LabelReport(
        dataset=dataset, model=opened.name, questions=len(asked), waiting=len(asked) - len(read),
        labels=sum(bool(one.label) for one in made), stances=sum(bool(s) for one in made for s in one.stances),
        options=sum(options[one.question] for one in read),
        rejected=tuple(f"{one.question}: {why}" for one in read for why in one.rejected),
        calls=budget.calls, cached=budget.cached, tokens_in=budget.tokens_in, tokens_out=budget.tokens_out,
        cost_usd=None if opened.price is None else budget.cost_usd, stopped="" if error is None else str(error),
    )  # fmt: skip


def _called(question: Question, label: Label) -> Question:
    """Return a question with what a reading calls it."""
    return question.model_copy(update={"label": label.label or question.label, "stances": label.stances})


def _after(progress: Progress, start: int, whole: int) -> Progress:
    """Return the progress of a part that begins after *start* of *whole*."""

    def told(what: str, done: int, total: int | None = None) -> None:
        progress(what, start + done, whole if total else None)

    return told
