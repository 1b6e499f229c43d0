"""Labels of questions read by a language model: once for each question, never for each person, and checked.

A label that cannot be used leaves the one by rule. A stance counts only where it names the matter, says what the option
says (its words, or plainly for or against), and a second call, which sees the stances alone and in another order, puts
it back to its own option. Every other answer keeps its safe name, `label: option`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.chains.calls import runs_of
from persona_db.chains.fit.directions import polarity
from persona_db.chains.labels.sides import is_no_answer
from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.models import model_of
from persona_db.chains.language.outputs import ReadLabel, SortedStances
from persona_db.chains.language.prompts import label_prompt, prompt_file, unlabel_prompt
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.language.structured import Answered, Checked, Problem, ask
from persona_db.graph.errors import PersonaDBError
from persona_db.graph.labels import LONGEST_LABEL, LONGEST_STANCE, Label, store_labels, unread
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

_MOST_WORDS = 10
_WORD = re.compile(r"[^\W\d_]{3,}")
_FOR = re.compile(r"(for|in favou?r|supports?|agrees?|approves?|wants?)\b", re.IGNORECASE)
_AGAINST = re.compile(r"(against|opposes?|disagrees?|disapproves?)\b", re.IGNORECASE)
_TOKENS_A_LABEL, _TOKENS_A_STANCE = 40, 25
_AT_ONCE = 32
"""Questions that are read before what was read is stored."""
_MANY = re.compile(r"\b(much|many|high|great|strong|always|often)\b", re.IGNORECASE)
_FEW = re.compile(r"\b(little|few|low|hardly|weak|never|rarely)\b", re.IGNORECASE)


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
    taken: Sequence[str] = (),
    budget: Budget | None = None,
    progress: Progress = no_progress,
) -> list[Reading]:
    """Return a reading of each question with options, in their order; two calls each at most, repairs apart.

    No label is given twice, nor one of *taken*. After a fault that ends the model's work, such as a budget, the
    questions that are left come with that error.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    asked = [question for question in known if question.options]
    done: list[Reading] = []
    with ContextThreadPoolExecutor(max_workers=model.settings.concurrency) as pool:
        # All of one prompt before the other: a model that keeps its last prompt reads what they share once.
        named = list(pool.map(lambda question: _named(model, question, budget), asked))
        for reading in pool.map(lambda question, first: _checked(model, question, first, budget), asked, named):
            done.append(reading)
            progress("reading questions", len(done), len(asked))
    used = {label.casefold() for label in taken}
    return [_unique(reading, used) for reading in done]


def _named(model: LanguageModel, question: Question, budget: Budget | None) -> Reading:
    """Return what the model says of a question, as far as its form and words can be used."""
    context = CallContext("label", "", budget)
    try:
        said = ask(model, label_prompt(question), ReadLabel, check=_checker(question), call_context=context)
    except PersonaDBError as exc:
        return Reading(question.id, None, (), tuple(context.calls), exc)
    if not isinstance(said, Answered):
        return Reading(question.id, None, (said.reason,), tuple(context.calls))
    label, stances, rejected = _usable(question, said.value)
    made = Label(question=question.id, label=label, stances=_places(question, stances), content=said.value.kind)
    return Reading(question.id, made, tuple(rejected), tuple(context.calls))


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


def _usable(question: Question, value: ReadLabel) -> tuple[str, dict[int, str], list[str]]:
    """Return the label and the stances by option that can be used by their form and words, and why others cannot."""
    rejected: list[str] = []
    label = " ".join(value.label.split()).strip(" .:")
    label = label[:1].upper() + label[1:]
    if not 2 <= len(label) <= LONGEST_LABEL or len(label.split()) > _MOST_WORDS:
        rejected.append("label is too long")
        label = ""
    elif not _shares_a_word(label, question):
        rejected.append("label shares no word with the question")
        label = ""
    found: dict[int, str] = {}
    for one in value.stances:
        place = int(one.option[1:]) - 1 if one.option[1:].isdigit() else -1
        stance = " ".join(one.stance.split()).strip(" .")
        if not 0 <= place < len(question.options) or not stance or is_no_answer(question.options[place]):
            continue
        option = question.options[place]
        if len(stance) > LONGEST_STANCE or len(stance.split()) > _MOST_WORDS:
            rejected.append(f"stance of {option!r} is too long")
        elif _contrary(option, stance):
            rejected.append(f"stance of {option!r} says the contrary")
        elif not _names_the_matter(stance, question):
            rejected.append(f"stance of {option!r} cannot be read alone")
        elif not _says(option, stance):
            rejected.append(f"stance of {option!r} says something else")
        elif stance.casefold() in {other.casefold() for other in found.values()}:
            rejected.append(f"stance of {option!r} is that of another option")
        else:
            found[place] = stance[:1].upper() + stance[1:]
    return label, found, rejected


def _shares_a_word(label: str, question: Question) -> bool:
    text = " ".join((question.text, *question.options)).casefold()
    return any(word[:4] in text for word in re.findall(r"[^\W\d_]{4,}", label.casefold()))


def _names_the_matter(stance: str, question: Question) -> bool:
    """Whether a stance has a word of the question that is no word of its options."""
    options = {word[:4] for option in question.options for word in _WORD.findall(option.casefold())}
    asked = {word[:4] for word in _WORD.findall(question.text.casefold())} - options
    return any(word[:4] in asked for word in _WORD.findall(stance.casefold()))


def _says(option: str, stance: str) -> bool:
    """Whether a stance has every word of its option, or is plainly for or against as the option is."""
    said = {word[:4] for word in _WORD.findall(stance.casefold())}
    words = {word[:4] for word in _WORD.findall(option.casefold())}
    if words and words <= said:
        return True
    begins = 1 if _FOR.match(stance) else -1 if _AGAINST.match(stance) else 0
    return begins != 0 and begins == polarity(option)


def _contrary(option: str, stance: str) -> bool:
    """Whether words of amount, or of yes and no, stand against each other in an option and its stance."""
    if bool(_MANY.search(option)) != bool(_FEW.search(option)):
        of_option, of_stance = bool(_MANY.search(option)), bool(_MANY.search(stance))
        if of_option != of_stance and bool(_FEW.search(stance)) == of_option:
            return True
    return polarity(option) * polarity(stance) < 0


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


def _unique(reading: Reading, used: set[str]) -> Reading:
    """Return a reading without a label that another question has."""
    label = reading.label
    if label is None or not label.label:
        return reading
    if label.label.casefold() in used:
        made = label.model_copy(update={"label": ""})
        why = (*reading.rejected, "label is that of another question")
        return Reading(reading.question, made, why, reading.calls, reading.error)
    used.add(label.label.casefold())
    return reading


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
    calls are counted and none is made. A fault of the model ends the reading; what was read is stored, every 32
    questions, so that a killed reading goes on from there.
    """
    if isinstance(model, str):
        settings = (settings or ModelSettings()).model_copy(update={"keeps_prompt": True})
    opened = model_of(graph, model, settings)
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
    taken = [question.label for question in everything if question.label and question.id not in ids]
    budget = Budget(budget_usd=budget_usd)
    found: list[Reading] = []
    made: list[Label] = []
    for start in range(0, len(asked), _AT_ONCE):
        part = read_labels(
            opened,
            asked[start : start + _AT_ONCE],
            taken=taken,
            budget=budget,
            progress=_after(progress, start, len(asked)),
        )
        labels = [one.label or Label(question=one.question) for one in part if one.error is None]
        store_labels(graph, dataset, labels, by="model", read_by=read_by)
        calls = [call for one in part for call in one.calls]
        store_runs(graph, dataset, runs_of(calls, fit="", at=now()))
        opened.recorded(calls)
        taken += [one.label for one in labels if one.label]
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


def _after(progress: Progress, start: int, whole: int) -> Progress:
    """Return the progress of a part that begins after *start* of *whole*."""

    def told(what: str, done: int, total: int | None = None) -> None:
        progress(what, start + done, whole if total else None)

    return told
