"""Distil and induce for one user: the calls, what they gave, and what had to be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.context_window import halved, in_parts, items_in_parts, room_for
from persona_db.chains.language.facts_and_keys import Ideologies, distilled_facts, induced_facts, with_keys_of
from persona_db.chains.language.grounding import check_distillation, check_induction
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.output_schema import count_prompt
from persona_db.chains.language.outputs import Distillation, Induction
from persona_db.chains.language.prompts import Rendered, distil_prompt, induce_prompt
from persona_db.chains.language.structured import Answered, Failed, Problem, ask
from persona_db.chains.persona import Fact, Persona, UserHistory
from persona_db.graph.errors import PromptTooLongError
from persona_db.graph.models import HistoryItem, Model

__all__ = ["Distils", "Step", "distil", "distil_prompts", "induce", "induce_prompts"]

T = TypeVar("T", bound=Model)
_FACT_TOKENS = 5


class Distils(Protocol):
    """What distilling and inducing take of an engine."""

    @property
    def model(self) -> LanguageModel: ...
    @property
    def budget(self) -> Budget | None: ...
    @property
    def ideologies(self) -> Ideologies: ...


@dataclass(frozen=True)
class Step:
    """A persona after a stage. `whole` False: part of the history could not be read, `failed`: none of it could."""

    persona: Persona
    problems: tuple[Problem, ...] = ()
    whole: bool = True
    failed: bool = False


@dataclass
class _Gathered(Generic[T]):
    """What a stage's calls gave: the answers with their prompts, and what had to be left out."""

    answers: list[tuple[Rendered, T]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: int = 0

    def take(self, prompt: Rendered, got: Answered[T] | Failed) -> None:
        if isinstance(got, Failed):
            self.failed += 1
            self.problems.append(Problem(f"{got.outcome}: {got.reason}", got.raw))
        else:
            self.problems += got.problems
            self.answers.append((prompt, got.value))

    def step(self, persona: Persona, *more: Problem) -> Step:
        return Step(
            persona, (*self.problems, *more), whole=not self.failed, failed=self.failed > 0 and not self.answers
        )


def distil(model: LanguageModel, history: UserHistory, call_context: CallContext) -> Step:
    """Distil a history into the facts that it states: one call, or as many as it has parts that fit."""
    gathered = _Gathered[Distillation]()
    parts = _parts_of(model, history)
    while parts:
        part = parts.pop(0)
        prompt = distil_prompt(part, history.attributes, most=_most(model, len(part)))
        try:
            got = ask(model, prompt, Distillation, check=check_distillation(prompt), call_context=call_context)
        except PromptTooLongError:
            smaller = halved(part)
            if not smaller:
                raise
            parts[:0] = smaller
            continue
        gathered.take(prompt, got)
    said_at = {item.id: item.at for item in history.items}
    facts = distilled_facts(history.user, gathered.answers, said_at=said_at)
    return gathered.step(Persona(history=history, distilled=facts))


def induce(model: LanguageModel, persona: Persona, call_context: CallContext, *, ideologies: Ideologies) -> Step:
    """Infer what others may share from a history and its distilled facts; no call where there are none."""
    gathered = _Gathered[Induction]()
    for prompt in induce_prompts(model, persona):
        gathered.take(prompt, ask(model, prompt, Induction, check=check_induction(prompt), call_context=call_context))
    induced, nameless = induced_facts(persona, gathered.answers, ideologies=ideologies)
    distilled = with_keys_of(persona.distilled, induced)
    made = persona.model_copy(update={"distilled": distilled, "induced": induced})
    return gathered.step(made, *nameless)


def distil_prompts(model: LanguageModel, history: UserHistory) -> Iterator[Rendered]:
    """Yield the prompts that distil a history."""
    for part in _parts_of(model, history):
        yield distil_prompt(part, history.attributes, most=_most(model, len(part)))


def induce_prompts(model: LanguageModel, persona: Persona) -> Iterator[Rendered]:
    """Yield the prompts that infer from a persona: one with history and facts where both fit, else facts in parts.

    Facts stand for the history that they were distilled from, so that nothing of it is left out.
    """
    facts, history = persona.distilled, persona.history
    if not facts:
        return
    room = _room(model, history, lambda: induce_prompt((), ()), Induction)
    size = _fact_size(model)
    needed = sum(map(size, facts)) + sum(model.count_tokens(item.text) + _FACT_TOKENS for item in history.items)
    most = _most(model, len(facts))
    if needed <= room:
        yield induce_prompt(history.items, facts, history.attributes, most=most)
        return
    for part in in_parts(facts, size=size, room=room):
        yield induce_prompt((), part, history.attributes, most=most)


def _fact_size(model: LanguageModel) -> Callable[[Fact], int]:
    return lambda fact: model.count_tokens(fact.text) + _FACT_TOKENS


def _parts_of(model: LanguageModel, history: UserHistory) -> list[tuple[HistoryItem, ...]]:
    if not history.items:
        return []
    room = _room(model, history, lambda: distil_prompt((), ()), Distillation)
    return items_in_parts(history.items, count=model.count_tokens, room=room)


def _room(
    model: LanguageModel, history: UserHistory, empty: Callable[[], Rendered], output: type[Distillation | Induction]
) -> int:
    key = f"frame of {output.__name__}"
    if key not in model.bound:
        model.bound[key] = count_prompt(model, empty(), output)
    frame: int = model.bound[key]
    return room_for(model, frame=frame + model.count_tokens("; ".join(history.attributes)))


def _most(model: LanguageModel, given: int) -> int:
    """How many facts or traits to ask for: what one answer holds, and no more than there is to say."""
    return min(model.most_entries, max(4, 2 * given))
